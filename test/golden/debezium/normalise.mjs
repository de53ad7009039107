import { Num, parse, compact } from './lossless-json.mjs';

// Volatile field name (last part of it) -> placeholder number. Null stays null, type stays.
const NUMBERS = {
  ts_ms: '1700000000001',
  ts_us: '1700000000001000',
  ts_ns: '1700000000001000000',
  ts_usec: '1700000000001000',
  lsn: '1001',
  lsn_proc: '1001',
  lsn_commit: '1001',
  lsn_events_processed: '1',
  origin_lsn: '1001',
  txId: '1002',
  xmin: '1003',
  timestamp: '1700000000001',
};
const NAME = /(?:^|_)(ts_ms|ts_us|ts_ns|ts_usec|lsn|lsn_proc|lsn_commit|lsn_events_processed|origin_lsn|txId|xmin)$/;

export class Ordinals {
  constructor() { this.maps = {}; }
  of(kind, raw) {
    const m = (this.maps[kind] ??= new Map());
    if (!m.has(raw)) m.set(raw, m.size + 1);
    return m.get(raw);
  }
}

const digits = (s) => s.replace(/\d+/g, '<n>');

export function normaliseValue(v, ctx, path = []) {
  if (v instanceof Map) {
    const out = new Map();
    for (const [k, x] of v) out.set(ctx.rename(k), one(k, x, ctx, [...path, k]));
    return out;
  }
  if (Array.isArray(v)) return v.map((x, n) => normaliseValue(x, ctx, [...path, n]));
  if (typeof v === 'string') return ctx.rename(v);
  return v;
}

function one(k, x, ctx, path) {
  const row = path.includes('before') || path.includes('after');
  if (row && !ctx.flat) return normaliseValue(x, ctx, path);
  const m = NAME.exec(k);
  if (x instanceof Num && m && !(ctx.keepNames ?? []).includes(k)) {
    if (m[1] === 'lsn_events_processed') return x;
    return new Num(NUMBERS[m[1]]);
  }
  if (x instanceof Num && k === 'timestamp' && ctx.notification) return new Num(NUMBERS.timestamp);
  if (typeof x === 'string') {
    if (k === 'sequence' || k.endsWith('_sequence')) return x.replace(/\d+/g, '<lsn>');
    if ((k === 'id' || k === 'transaction_id' || k.endsWith('transaction_id')) && ctx.txid && /^\d+(:\d+)?$/.test(x)) return x.includes(':') ? '<txid>:<lsn>' : '<txid>';
    if (ctx.notification && k === 'id') return x.replace(UUID, '<uuid>');
    if (k === 'worker_id') return '<worker>';
    if (k === 'trace') return ctx.rename(x.split('\n')[0]);
    if (m && /^\d+$/.test(x)) return `<${m[1]}>`;
    if (/^(incremental_snapshot_(maximum|primary)_key)$/.test(k)) return '<java-serialized-hex>';
    if (k === 'incremental_snapshot_correlation_id') return '<uuid>';
    if (/_(commit_)?lsn$|^(restart|confirmed_flush)_lsn$/.test(k)) return digits(x);
    if (k === 'documentation') return '<doc>';
    if (k === 'display_name') return '<display>';
    return ctx.rename(x);
  }
  return normaliseValue(x, ctx, path);
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

export function normaliseHeader(name, text, ctx) {
  if (text === null || text === undefined) return null;
  if (name === '__debezium.context.runId' ) return text.replace(UUID, '<uuid>');
  const m = NAME.exec(name) ?? NAME.exec(name.replace(/^.*\./, ''));
  if (m && /^\d+$/.test(text)) return `<${m[1]}>`;
  if (/sequence$/.test(name)) return text.replace(/\d+/g, '<lsn>');
  if (/^[{[]/.test(text)) {
    try { return compact(normaliseValue(parse(text), { ...ctx, flat: true })); } catch { /* not JSON */ }
  }
  return ctx.rename(text);
}

export function ordinals(value, ord) {
  const src = value instanceof Map ? value.get('source') : null;
  if (!(src instanceof Map)) return null;
  const out = {};
  const tx = src.get('txId');
  const lsn = src.get('lsn');
  if (tx instanceof Num) out.tx = ord.of('tx', tx.raw);
  if (lsn instanceof Num) out.lsn = ord.of('lsn', lsn.raw);
  return Object.keys(out).length ? out : null;
}

import { readFileSync } from 'node:fs'

/** Of package.json: in a clone and in the published package it lies two folders above this one. */
export const version: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

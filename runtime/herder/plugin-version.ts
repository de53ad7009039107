import { compareVersions } from '../plugins/names.ts'

const range = /^([[(])\s*([^,\s]*)\s*(?:(,)\s*([^\])\s]*)\s*)?([\])])$/

/**
 * Why a version that a configuration asks for (`*.plugin.version`: a version, `latest`, or a range like `[1.0,2.0)`) is not
 * the one that is there; undefined when it is.
 */
export const versionProblem = (asked: string, there: string): string | undefined => {
  const wanted = asked.trim()
  if (wanted === '' || wanted.toLowerCase() === 'latest' || wanted === there) return undefined
  const match = range.exec(wanted)
  if (match !== null) {
    const [, open, low = '', comma, high = '', close] = match
    if (comma === undefined && low === there) return undefined
    const above = low === '' || compareVersions(there, low) > 0 || (open === '[' && low === there)
    const below = high === '' || compareVersions(there, high) < 0 || (close === ']' && high === there)
    if (comma !== undefined && above && below) return undefined
  }
  return `version ${there} is the only one here; leave the setting out, or ask for that version`
}

/** How many letters have to be put in, left out, exchanged or swapped with the next to make one text of the other. */
export const distance = (a: string, b: string): number => {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const least = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      next.push(isSwap ? Math.min(least, before[j - 2]! + 1) : least)
    }
    before = row
    row = next
  }
  return row[b.length]!
}

/** The name that was probably meant by one that is not among them: at most two letters away, fewer for short ones. */
export const nearest = (name: string, among: Iterable<string>): string | undefined => {
  let best: string | undefined
  let least = Math.min(2, Math.floor(name.length / 4)) + 1
  for (const candidate of among) {
    const away = Math.abs(candidate.length - name.length) < least ? distance(name, candidate) : least
    if (away >= least) continue
    best = candidate
    least = away
  }
  return best
}

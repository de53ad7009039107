/** A connector's settings without those that are null. */
export const withoutNulls = (props: Readonly<Record<string, string | null>>): Record<string, string> =>
  Object.fromEntries(Object.entries(props).filter((entry): entry is [string, string] => entry[1] !== null))

const names = /password|secret|passphrase|credential|jaas|private.?key|access.?key|token$/i

/** Whether a setting holds a secret by its name, whatever its declaration says (invariant 10). */
export const isSecretKey = (key: string): boolean => names.test(key)

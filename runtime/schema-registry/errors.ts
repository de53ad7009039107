/** What the registry refuses, as clients read it: `{error_code, message}` under an HTTP status. */
export class RegistryRefusal extends Error {
  override readonly name = 'RegistryRefusal'
  readonly status: number
  readonly code: number

  constructor(status: number, code: number, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** The code of a schema that is none. */
export const INVALID_SCHEMA = 42201

/** Codes and texts are those of Confluent's registry: clients tell cases apart by them. */
export const refusals = {
  subjectNotFound: (subject: string) => new RegistryRefusal(404, 40401, `Subject '${subject}' not found.`),
  versionNotFound: (version: number | string) => new RegistryRefusal(404, 40402, `Version ${version} not found.`),
  schemaNotFound: (what = '') => new RegistryRefusal(404, 40403, `Schema ${what === '' ? '' : `${what} `}not found`),
  subjectSoftDeleted: (subject: string) =>
    new RegistryRefusal(404, 40404, `Subject '${subject}' was soft deleted. Set permanent=true to delete permanently`),
  subjectNotSoftDeleted: (subject: string) =>
    new RegistryRefusal(404, 40405, `Subject '${subject}' was not deleted first before being permanently deleted`),
  versionSoftDeleted: (subject: string, version: number) =>
    new RegistryRefusal(
      404,
      40406,
      `Subject '${subject}' Version ${version} was soft deleted. Set permanent=true to delete permanently`,
    ),
  versionNotSoftDeleted: (subject: string, version: number) =>
    new RegistryRefusal(
      404,
      40407,
      `Subject '${subject}' Version ${version} was not deleted first before being permanently deleted`,
    ),
  noSubjectConfig: (subject: string) =>
    new RegistryRefusal(404, 40408, `Subject '${subject}' does not have subject-level compatibility configured`),
  noSubjectMode: (subject: string) =>
    new RegistryRefusal(404, 40409, `Subject '${subject}' does not have subject-level mode configured`),
  invalidSchema: (reason: string) => new RegistryRefusal(422, INVALID_SCHEMA, reason),
  invalidVersion: (version: string) =>
    new RegistryRefusal(
      422,
      42202,
      `The specified version '${version}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string "latest"`,
    ),
  invalidLevel: () =>
    new RegistryRefusal(
      422,
      42203,
      'Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive',
    ),
  invalidMode: () => new RegistryRefusal(422, 42204, 'Invalid mode. Valid values are READWRITE, READONLY, and IMPORT'),
  notPermitted: (reason: string) => new RegistryRefusal(422, 42205, reason),
  referenced: (subject: string, version: number) =>
    new RegistryRefusal(
      422,
      42206,
      `One or more references exist to the schema {magic=1,keytype=SCHEMA,subject=${subject},version=${version}}.`,
    ),
  idConflict: (reason: string) => new RegistryRefusal(422, 42207, reason),
  incompatible: (subject: string, details: readonly string[]) =>
    new RegistryRefusal(
      409,
      40901,
      `Schema being registered is incompatible with an earlier schema for subject "${subject}", details: [${details.join(', ')}]`,
    ),
  badRequest: (reason: string) => new RegistryRefusal(400, 400, reason),
  storeFailed: (reason: string) => new RegistryRefusal(500, 50001, `Error in the backend data store: ${reason}`),
}

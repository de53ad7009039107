/** Files (or beginnings of paths) without a unit test of their own, each with the reason. A stale entry fails. */
export const untested: Readonly<Record<string, string>> = {
  'runtime/api/index.ts': 'only names what the package exports',
  'runtime/kafka/ports.ts': 'only types',
  'runtime/stores/ports.ts': 'only types',
  'runtime/worker/ports.ts': 'only types',
  'runtime/worker/messages.ts': 'only types',
  'runtime/worker/plugin-access.ts': 'only types',
  'runtime/worker/task-material.ts': 'only types',
  'runtime/worker/open-': 'puts parts together; run by test/integration/tasks',
  'runtime/worker/task-parts.ts': 'puts parts together; run by test/integration/tasks',
  'runtime/worker/task-thread.ts': 'a thread; run by test/unit/worker/worker.test.ts and thread-pool.test.ts',
  'runtime/worker/thread.ts': 'entry of a thread; run by test/unit/worker/worker.test.ts',
  'runtime/assembly/ready-message.ts': 'only types',
  'runtime/cli/command.ts': 'exit codes and a wait for signals; run by test/integration/cli',
  'runtime/cli/help.ts': 'texts; read by test/integration/cli',
  'runtime/cli/demo/help.ts': 'a text; read by test/integration/cli',
}

export const demoHelp = `millrace demo [--rows N] [--keep] [--plain] [--avro]

Starts an embedded broker, a PostgreSQL, an S3 server and a worker, all from npm packages, on free ports and in a
temporary folder; submits two connectors over REST; takes orders, changes and cancels them in a table; and shows
the objects that arrive. At the end it reads every object back and accounts for each insert, update and delete.

  --rows N  orders to take (default 20000)
  --keep    leave everything running afterwards to play with; Ctrl-C ends it and cleans up
  --plain   lines instead of the moving picture (what you get without a terminal anyway)
  --avro    records in Avro, with the worker's own schema registry, instead of JSON

Ends with 0 when every change is in the objects exactly once, 1 when not.`

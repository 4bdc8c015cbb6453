import { main } from './main.js';

// A reader that has seen enough, as `head` does, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

process.exitCode = await main(process.argv.slice(2));

// What a module has left open must not keep a command from ending that is done.
setTimeout(() => process.exit(), 1_000).unref();

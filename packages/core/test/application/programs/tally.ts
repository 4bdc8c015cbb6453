import { Application } from '../../../src/application/application.js';
import { JsonLinesSink } from '../../../src/io/json-lines-sink.js';
import { JsonLinesSource } from '../../../src/io/json-lines-source.js';
import { silentLogger } from '../../../src/ports/logger.js';
import { StatefulFunctionsError } from '../../../src/sdk/errors.js';
import { tallyModule } from '../tally.js';

// A program for tests that need a process of its own: follows votes.jsonl in a folder, and says how it fares.
const [folder = '.'] = process.argv.slice(2);
const connectors = {
  source: new JsonLinesSource<never>({ path: `${folder}/votes.jsonl`, follow: true }),
  sink: new JsonLinesSink({ path: `${folder}/totals.jsonl` }),
};
try {
  const app = await Application.from(tallyModule(connectors)).start({
    logger: silentLogger,
    // Nothing is committed on the way, so that all there is comes from the final checkpoint.
    checkpoints: { directory: `${folder}/state`, interval: '1h' },
  });
  const watching = setInterval(() => {
    if (app.status.events > 0 && app.status.backlog === 0) {
      clearInterval(watching);
      console.log('handled');
    }
  }, 5);
  console.log('started');
  await app.finished;
  console.log('stopped');
} catch (error) {
  console.log(error instanceof StatefulFunctionsError ? error.code : String(error));
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withS3 } from '@stateful-functions/servers';
import { expect } from 'chai';
import { jsonOf, Run, rideModule, until } from './command.js';

await withS3((server) => {
  describe('sf with checkpoints on S3', function () {
    this.timeout(120_000);
    let folder: string;
    let where: string;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'sf-'));
      await writeFile(join(folder, 'trips.jsonl'), '{"driver":"7","to":"Rome"}\n');
      // Multipart uploads of the server may replace what exists.
      where = `s3://${await server.makeBucket()}/rides?endpoint=${server.endpoint}&region=${server.region}&multipart=false`;
    });

    afterEach(() => rm(folder, { recursive: true }));

    const run = (...args: string[]) =>
      new Run(folder, args, {
        SF_CHECKPOINTS: where,
        AWS_ACCESS_KEY_ID: server.accessKeyId,
        AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
      });
    const here = (...args: string[]) => run(...args).outcome;

    it('starts on it, reads it while the application runs, and says how to ask that', async () => {
      const application = run('start', rideModule);
      await application.says('Started, with 1 worker and checkpoints in s3://');
      await until(async () => jsonOf(await here('inspect', 'ride/driver/7')).length === 1);
      const { code, out, err } = await here('status');
      expect(out).to.match(/^store {7}s3:\/\/.*\ncheckpoint {2}\d+, /);
      expect(err).to.match(/^SF_NO_COORDINATOR: .*--nats/m);
      expect(code).to.equal(1);
      application.child.kill('SIGTERM');
      const ended = await application.outcome;
      expect(ended.code, ended.err).to.equal(0);
      expect((await here('checkpoints', 'verify')).out).to.match(/^No damage in s3:/);
      expect(jsonOf(await here('checkpoints', 'list', '--json'))).not.to.deep.equal([]);
    });

    it('says what is wrong with where the checkpoints are', async () => {
      const { code, err } = await here(
        'checkpoints',
        'list',
        '--checkpoints',
        where.replace('/rides', '-absent/rides'),
      );
      expect(err).to.match(/^SF_NO_BUCKET: /m);
      expect(code).to.equal(1);
      expect((await here('checkpoints', 'list', '--checkpoints', 's3://')).err).to.match(/^SF_INVALID_OPTION: /m);
    });
  });
});

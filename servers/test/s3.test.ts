import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { withS3 } from '../index.js';

const program = fileURLToPath(new URL('./programs/start-s3.js', import.meta.url));

await withS3((server) => {
  describe('A real S3 server', () => {
    const client = new S3Client({
      endpoint: server.endpoint,
      region: server.region,
      forcePathStyle: true,
      credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });

    after(() => client.destroy());

    const put = (Bucket: string, text: string) =>
      client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: Buffer.from(text) }));
    const get = async (Bucket: string) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'a' }));
      return Body?.transformToString();
    };

    it('makes an empty bucket for each who asks', async () => {
      const [one, other] = [await server.makeBucket(), await server.makeBucket()];
      await put(one, 'text');
      expect(await get(one)).to.equal('text');
      expect(await get(other).catch(({ name }) => name)).to.equal('NoSuchKey');
    });

    // A server that the environment names is not ours to stop.
    if (process.env.SF_S3_ENDPOINT === undefined) {
      it('is stopped, and started again with its data', async () => {
        const bucket = await server.makeBucket();
        await put(bucket, 'text');
        await server.stop();
        expect(await answers(server.endpoint)).to.equal(false);
        await server.start();
        expect(await get(bucket)).to.equal('text');
      });

      it('leaves nothing behind when the process that started it is killed', async function () {
        this.timeout(120_000);
        const TMPDIR = await mkdtemp(join(tmpdir(), 'killed-'));
        const starter = spawn(process.execPath, [program], {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: { ...process.env, TMPDIR },
        });
        const [endpoint] = (await once(createInterface({ input: starter.stdout }), 'line')) as [string];
        expect(await answers(endpoint)).to.equal(true);
        starter.kill('SIGKILL');
        // Its folder goes last, when every process has ended.
        while ((await answers(endpoint)) || (await readdir(TMPDIR)).length > 0) await setTimeout(20);
        await rm(TMPDIR, { recursive: true });
      });
    }
  });
});

function answers(endpoint: string): Promise<boolean> {
  return fetch(endpoint).then(
    () => true,
    () => false,
  );
}

import { randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClusterStatus, FunctionType } from '@stateful-functions/core';
import { connect } from '@stateful-functions/nats-transport';
import { startNats } from '@stateful-functions/servers';
import { expect } from 'chai';
import { jsonOf, Run, rideModule, sf, until } from './command.js';

const certificates = fileURLToPath(new URL('../../../nats-transport/test/certificates/', import.meta.url));

const server = await startNats();
if (server !== undefined) {
  describe('sf with --nats', function () {
    this.timeout(120_000);
    let folder: string;
    let cluster: string[];
    let run: Run | undefined;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'sf-'));
      cluster = ['--nats', server.url, '--app', randomUUID()];
      const ids = Array.from({ length: 20 }, (_, number) => number);
      await writeFile(join(folder, 'trips.jsonl'), ids.map((id) => `{"driver":"${id}","to":"Rome"}\n`).join(''));
    });

    afterEach(async () => {
      if (run?.child.exitCode === null) run.child.kill('SIGTERM');
      await run?.outcome;
      run = undefined;
      await rm(folder, { recursive: true });
    });

    after(() => server[Symbol.asyncDispose]());

    const here = (...args: string[]) => sf(folder, ...args);
    const status = async () => jsonOf<ClusterStatus>(await here('status', ...cluster, '--json'))[0] as ClusterStatus;
    const storedTrips = async () => {
      const all = jsonOf<{ state: { trips: number } }>(await here('inspect', 'ride/driver/*'));
      return all.reduce((sum, { state }) => sum + state.trips, 0);
    };

    async function start(nodes: number): Promise<Run> {
      run = new Run(folder, ['start', rideModule, ...cluster, '--workers', `${nodes}`]);
      await run.says('Started, as a node of', nodes);
      return run;
    }

    it('runs several nodes, which are asked and drained together', async () => {
      const { outcome } = await start(3);
      await until(async () => (await status()).workers.filter(({ keyGroups }) => keyGroups > 0).length === 3);
      await until(async () => (await storedTrips()) === 20);
      const { out, code } = await here('status', ...cluster);
      expect(code).to.equal(0);
      expect(out).to.match(
        /^application {5}\S+, runs\nepoch {11}\d+, coordinated by \S+\ncheckpoints {5}\d+ committed, /,
      );
      expect(out.match(/^node-\S+ +running +\d+ /gm)).to.have.length(3);
      expect(await here('savepoint', 'early', ...cluster)).to.deep.include({ code: 0, err: '' });
      expect((await here('savepoint', 'early', ...cluster)).err).to.match(/^SF_SAVEPOINT_EXISTS: /);

      const refused = await here('restore', 'early', ...cluster);
      expect(refused.err).to.match(/^SF_RUNNING: .*sf drain/);
      expect(refused.code).to.equal(1);

      expect((await here('drain', ...cluster)).code).to.equal(0);
      const ended = await outcome;
      expect(ended.code, ended.err).to.equal(0);
      expect(ended.out.match(/^Ended, /gm)).to.have.length(3);
    });

    it('goes on from a savepoint on nodes that start anew', async () => {
      const first = await start(2);
      await until(async () => (await storedTrips()) === 20);
      await here('savepoint', 'early', ...cluster);
      await appendFile(join(folder, 'trips.jsonl'), '{"driver":"0","to":"Oslo"}\n');
      await until(async () => (await storedTrips()) === 21);
      first.child.kill('SIGINT');
      expect((await first.outcome).code).to.equal(0);
      expect((await here('restore', 'early', ...cluster)).code).to.equal(0);
      expect(await storedTrips()).to.equal(20);
      await appendFile(join(folder, 'trips.jsonl'), '{"driver":"0","to":"Bern"}\n');
      await start(2);
      await until(async () => (await storedTrips()) === 22);
      expect((await here('inspect', 'ride/driver/0')).out).to.contain('"route":["Rome","Oslo","Bern"]');
    });

    it('has its nodes end in good order when the process is killed that started them', async () => {
      const { child } = await start(2);
      await until(async () => (await storedTrips()) === 20);
      child.kill('SIGKILL');
      await until(async () => {
        const { code, err } = await here('restore', 'nothing', ...cluster);
        expect(code).to.equal(1);
        return err.startsWith('SF_UNKNOWN_SAVEPOINT');
      });
      expect(await storedTrips()).to.equal(20);
    });

    it('lets clients in from other processes', async () => {
      const first = await start(1);
      const [, servers, , application] = cluster as [string, string, string, string];
      await using client = await connect({ servers, application });
      const send = (to: string) => client.send(FunctionType.of<object>('ride/driver').at('x'), { driver: 'x', to });
      const untilRoute = (...route: string[]) =>
        until(async () => (await here('inspect', 'ride/driver/x')).out.includes(`"route":${JSON.stringify(route)}`));
      await send('Bern');
      await untilRoute('Bern');
      await here('savepoint', 'early', ...cluster);
      await send('Rome');
      await untilRoute('Bern', 'Rome');
      first.child.kill('SIGTERM');
      expect((await first.outcome).code).to.equal(0);
      expect((await here('restore', 'early', ...cluster)).code).to.equal(0);
      await start(1);
      await send('Oslo');
      await untilRoute('Bern', 'Oslo');
    });

    it('speaks TLS, with a certificate of its own, by files that the environment names', async () => {
      const tls = `cert_file: "${certificates}server.pem", key_file: "${certificates}server-key.pem"`;
      await server.restart({ config: `tls { ${tls}, ca_file: "${certificates}ca.pem", verify: true }` });
      const files = {
        SF_NATS_CA_FILE: join(certificates, 'ca.pem'),
        SF_NATS_CERT_FILE: join(certificates, 'client.pem'),
        SF_NATS_KEY_FILE: join(certificates, 'client-key.pem'),
      };
      run = new Run(folder, ['start', rideModule, ...cluster], files);
      await run.says('Started, as a node of');
      const ask = (environment: Record<string, string>) => new Run(folder, ['status', ...cluster], environment).outcome;
      expect(await ask(files)).to.deep.include({ code: 0, err: '' });
      expect((await ask({ SF_NATS_CA_FILE: files.SF_NATS_CA_FILE })).err).to.match(/^SF_TLS: /);
      const missing = await ask({ ...files, SF_NATS_KEY_FILE: join(folder, 'none.pem') });
      expect(missing.err).to.match(/^SF_CREDENTIALS: SF_NATS_KEY_FILE is .*none\.pem/);
      expect(missing.code).to.equal(1);
      run.child.kill('SIGTERM');
      expect((await run.outcome).code).to.equal(0);
      await server.restart({ config: '' });
    });

    it('says what it cannot reach', async () => {
      const { code, err } = await here('status', '--nats', '127.0.0.1:1', '--app', 'rides');
      expect(err).to.match(/^SF_UNREACHABLE: /);
      expect(code).to.equal(1);
    });
  });
}

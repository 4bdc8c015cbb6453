import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ErrorCode } from '@stateful-functions/core';
import { startNats } from '@stateful-functions/servers';
import { expect } from 'chai';
import { nkeys, RetentionPolicy } from 'nats';
import { JetStreamSink, JetStreamSource, NatsCluster, type NatsClusterOptions } from '../src/index.js';
import { rejects } from './coded.js';
import { RecordingLogger } from './recording-logger.js';
import { Streams, services } from './streams.js';
import { until } from './until.js';

const certificates = fileURLToPath(new URL('../../test/certificates/', import.meta.url));
const readme = fileURLToPath(new URL('../../README.md', import.meta.url));

const server = await startNats();
if (server !== undefined) {
  const connect = (options: Partial<NatsClusterOptions>) =>
    NatsCluster.connect({ servers: server.url, application: 'rides', connectTimeoutMs: 1_000, ...options });
  const works = async (options: Partial<NatsClusterOptions>) => {
    const cluster = await connect(options);
    expect(await cluster.membership.list('')).to.deep.equal([]);
    await cluster.close();
  };
  const fails = (options: Partial<NatsClusterOptions>, code: ErrorCode) => rejects(connect(options), code);

  describe('A connection to NATS', () => {
    after(() => server[Symbol.asyncDispose]());

    it('takes a user and a password, and no others', async () => {
      await server.restart({ config: 'authorization { user: rides, password: secret }' });
      await works({ user: 'rides', password: 'secret' });
      await fails({ user: 'rides', password: 'wrong' }, 'SF_UNAUTHORIZED');
      await fails({}, 'SF_UNAUTHORIZED');
    });

    it('takes a token', async () => {
      await server.restart({ config: 'authorization { token: secret }' });
      await works({ token: 'secret' });
      await fails({ token: 'wrong' }, 'SF_UNAUTHORIZED');
    });

    it('takes the seed of an nkey', async () => {
      const pair = nkeys.createUser();
      const nkeySeed = new TextDecoder().decode(pair.getSeed());
      await server.restart({ config: `authorization { users: [ { nkey: ${pair.getPublicKey()} } ] }` });
      await works({ nkeySeed });
      await fails({ nkeySeed: new TextDecoder().decode(nkeys.createUser().getSeed()) }, 'SF_UNAUTHORIZED');
      await fails({ nkeySeed: 'no seed' }, 'SF_CREDENTIALS');
    });

    it('takes a file of credentials', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'credentials-'));
      const credentialsFile = join(folder, 'user.creds');
      const authority = jwtAuthority();
      await server.restart({ config: authority.config });
      await writeFile(credentialsFile, authority.credentials);
      await works({ credentialsFile });
      await writeFile(credentialsFile, jwtAuthority().credentials);
      await fails({ credentialsFile }, 'SF_UNAUTHORIZED');
      await writeFile(credentialsFile, 'no credentials');
      await fails({ credentialsFile }, 'SF_CREDENTIALS');
      await rm(folder, { recursive: true });
      await fails({ credentialsFile }, 'SF_CREDENTIALS');
    });

    it('is made with TLS, with a certificate of its own if the server wants one', async () => {
      const pem = (name: string) => readFile(join(certificates, name), 'utf8');
      const [ca, cert, key] = await Promise.all([pem('ca.pem'), pem('client.pem'), pem('client-key.pem')]);
      const files = `cert_file: "${certificates}server.pem", key_file: "${certificates}server-key.pem"`;
      await server.restart({ config: `tls { ${files} }` });
      await works({ tls: { ca } });
      await fails({ tls: {} }, 'SF_TLS');
      await fails({}, 'SF_TLS');
      await server.restart({ config: `tls { ${files}, ca_file: "${certificates}ca.pem", verify: true }` });
      await works({ tls: { ca, cert, key } });
      await fails({ tls: { ca } }, 'SF_TLS');
      await fails({ tls: { ca, cert: 'no certificate', key } }, 'SF_TLS');
      await server.restart({});
      await fails({ tls: { ca } }, 'SF_TLS');
    });

    it('tells what is not there', async () => {
      await server.restart({ jetStream: false });
      await fails({}, 'SF_UNSUPPORTED_SERVER');
      await server.restart({});
      await fails({ application: 'three', replicas: 3 }, 'SF_UNSUPPORTED_SERVER');
      await server.kill();
      await fails({}, 'SF_UNREACHABLE');
      await server.restart({});
    });

    it('refuses options that cannot work', async () => {
      await fails({ servers: [] }, 'SF_INVALID_OPTION');
      await fails({ servers: 'user:password@127.0.0.1' }, 'SF_INVALID_OPTION');
      await fails({ servers: 'http://127.0.0.1/x' }, 'SF_INVALID_OPTION');
      await fails({ user: 'a', token: 'b' }, 'SF_INVALID_OPTION');
      await fails({ replicas: 2 }, 'SF_INVALID_OPTION');
      await fails({ connectTimeoutMs: 0 }, 'SF_INVALID_OPTION');
    });

    it('needs no more than what the README permits, and says what is missing', async () => {
      const config = /```conf\n(.*?)```/s.exec(await readFile(readme, 'utf8'))?.[1] as string;
      expect(config).to.contain('sf.rides.>');
      const bucket = 'KV_sf_rides';
      await server.restart({});
      const maker = await connect({});
      await maker.close();
      const streams = await Streams.on(server);
      await streams.make('ORDERS', { retention: RetentionPolicy.Workqueue });
      await streams.make('TRIPS', { subjects: ['trips.>'] });
      await streams.publish('ORDERS.x', ['an order']);
      await streams.nats.close();

      await server.restart({ config });
      const logger = new RecordingLogger();
      const user = { user: 'rides', password: 'secret', logger };
      const cluster = await connect(user);
      const revision = (await cluster.membership.write('leader', new Uint8Array(1), 0)) as number;
      expect(await cluster.membership.read('leader')).to.not.equal(undefined);
      expect((await cluster.membership.list('')).length).to.equal(1);
      expect(await cluster.membership.remove('leader', revision)).to.equal(true);
      let arrived = 0;
      await cluster.transport.listen('a.b.> *', () => {
        arrived += 1;
      });
      await until(
        () => arrived > 0,
        () => cluster.transport.send('a.b.> *', new Uint8Array(1)),
      );
      const calls = await cluster.inbox.source.open(undefined, services);
      await cluster.inbox.put('0'.repeat(32), new Uint8Array([7]));
      const [call] = (await calls.read(1)) ?? [];
      expect(call).to.have.deep.property('value', new Uint8Array([7]));
      await calls.acknowledge?.(call?.position);
      await calls.close();
      await cluster.close();
      const nats = { servers: server.url, application: 'rides', ...user };
      const reader = await new JetStreamSource({ ...nats, stream: 'ORDERS', durable: 'rides' }).open(
        undefined,
        services,
      );
      const [record] = (await reader.read(1)) ?? [];
      expect(record).to.have.property('value', 'an order');
      await reader.acknowledge?.(record?.position);
      await reader.close();
      const sink = new JetStreamSink({ ...nats, stream: 'TRIPS', subject: 'trips.finished', exclusive: true });
      const position = await sink.open(undefined, services);
      await sink.publish([{ id: '1', value: 'a trip', headers: {} }]);
      await sink.close();
      await sink.open(position, services); // Looks at what is behind it.
      await sink.close();
      expect(logger.lines).to.deep.equal([]);
      await fails({ ...user, application: 'other' }, 'SF_FORBIDDEN');

      const without = (permission: string) => config.replace(permission, 'nothing');
      await server.restart({ config: without(`$JS.API.STREAM.INFO.${bucket}`) });
      expect((await fails(user, 'SF_FORBIDDEN')).message).to.contain(`$JS.API.STREAM.INFO.${bucket}`);
      await server.restart({ config: config.replaceAll('sf.rides.>', 'sf.rides.inbox.>') });
      const told = new RecordingLogger();
      const mute = await connect({ ...user, logger: told });
      await rejects(
        mute.transport.listen('here', () => {}),
        'SF_FORBIDDEN',
      );
      mute.transport.send('here', new Uint8Array(1));
      await until(() => told.lines.length === 2);
      expect(told.lines[1]).to.deep.equal([
        'error',
        'NATS does not permit an operation',
        { code: 'SF_FORBIDDEN', operation: 'publish', subject: 'sf.rides.frames.here' },
      ]);
      await mute.close();
    });
  });
}

/** An operator, an account with JetStream and a user, all in memory. */
function jwtAuthority(): { readonly config: string; readonly credentials: string } {
  const [operator, account, user] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createUser()];
  const system = nkeys.createAccount();
  const sign = (issuer: typeof operator, subject: string, name: string, nats: object) => {
    const encode = (part: object | Uint8Array) =>
      Buffer.from(part instanceof Uint8Array ? part : JSON.stringify(part)).toString('base64url');
    const claims = {
      jti: name,
      iat: Math.floor(Date.now() / 1_000),
      iss: issuer.getPublicKey(),
      name,
      sub: subject,
      nats,
    };
    const content = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode(claims)}`;
    return `${content}.${encode(issuer.sign(new TextEncoder().encode(content)))}`;
  };
  const none = { subs: -1, data: -1, payload: -1 };
  const limits = { ...none, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const jetStream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const accountOf = (key: typeof operator, more: object) =>
    sign(operator, key.getPublicKey(), 'account', { type: 'account', version: 2, limits: { ...limits, ...more } });
  const jwt = sign(account, user.getPublicKey(), 'user', { type: 'user', version: 2, ...none, pub: {}, sub: {} });
  return {
    config: `
      operator: ${sign(operator, operator.getPublicKey(), 'operator', { type: 'operator', version: 2 })}
      system_account: ${system.getPublicKey()}
      resolver: MEMORY
      resolver_preload: {
        ${account.getPublicKey()}: ${accountOf(account, jetStream)}
        ${system.getPublicKey()}: ${accountOf(system, {})}
      }`,
    credentials: [
      ['-----BEGIN NATS USER JWT-----', jwt, '------END NATS USER JWT------'],
      ['-----BEGIN USER NKEY SEED-----', new TextDecoder().decode(user.getSeed()), '------END USER NKEY SEED------'],
    ]
      .flat()
      .map((line) => `${line}\n`)
      .join(''),
  };
}

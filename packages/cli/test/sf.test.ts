import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { jsonOf, type Outcome, Run, rideModule, sf, until } from './command.js';

interface Line {
  readonly address: string;
  readonly state: { readonly trips: number; readonly visits: [string, number][]; readonly route: string[] };
}

const rides = ['{"driver":"7","to":"Rome"}', '{"driver":"a/b","to":"Oslo"}', '{"driver":"7","to":"Rome"}'];

describe('sf', function () {
  this.timeout(60_000);
  let folder: string;
  let runs: Run[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sf-'));
    runs = [];
    await writeFile(join(folder, 'trips.jsonl'), rides.map((ride) => `${ride}\n`).join(''));
  });

  afterEach(async () => {
    for (const { child, outcome } of runs) {
      if (child.exitCode === null) child.kill('SIGKILL');
      await outcome;
    }
    await rm(folder, { recursive: true });
  });

  const here = (...args: string[]) => sf(folder, ...args);

  async function start(...args: string[]): Promise<Run> {
    const run = new Run(folder, ['start', rideModule, ...args]);
    runs.push(run);
    await run.says('Started');
    return run;
  }

  /** Waits until the newest checkpoint holds so many trips of driver 7. */
  const untilStored = (trips: number) =>
    until(async () => jsonOf<Line>(await here('inspect', 'ride/driver/7'))[0]?.state.trips === trips);

  async function stopped(run: Run, signal: NodeJS.Signals = 'SIGTERM'): Promise<Outcome> {
    run.child.kill(signal);
    return run.outcome;
  }

  function expectFailure({ code, out, err }: Outcome, error: string): void {
    expect(err).to.match(new RegExp(`^${error}: [^\\n]*\\.\\n$`));
    expect(out).to.equal('');
    expect(code).to.equal(1);
  }

  it('explains itself, and each command with an example', async () => {
    const help = await here('--help');
    expect(help.code).to.equal(0);
    expect(help.out).to.contain('Exit codes: 0 fine');
    for (const command of ['start', 'dev', 'status', 'savepoint', 'drain', 'inspect', 'restore', 'checkpoints']) {
      expect(help.out).to.match(new RegExp(`^  ${command} `, 'm'));
    }
    for (const command of [
      'start',
      'dev',
      'status',
      'savepoint',
      'drain',
      'inspect',
      'restore',
      'checkpoints list',
      'checkpoints show',
      'checkpoints verify',
    ]) {
      const { code, out } = await here(...command.split(' '), '--help');
      expect(code, command).to.equal(0);
      expect(out, command).to.contain(`$ sf ${command}`);
      expect(out, command).to.contain('--json');
    }
  });

  it('ends with 2 and says why when the command line makes no sense', async () => {
    for (const args of [
      [],
      ['fly'],
      ['start'],
      ['dev'],
      ['start', rideModule, '--workers', '0'],
      ['start', rideModule, '--config', 'nothing'],
      ['inspect', 'ride/driver'],
      ['inspect', 'ride/driver/*', '--at', 'yesterday'],
      ['checkpoints', 'show', 'yesterday'],
      ['status', '--colour'],
    ]) {
      const { code, out, err } = await here(...args);
      expect(code, args.join(' ')).to.equal(2);
      expect(out, args.join(' ')).to.equal('');
      expect(err, args.join(' ')).to.match(/^(error: |Usage: sf )/);
    }
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`runs an application that ends at ${signal} with a final checkpoint`, async () => {
      const run = await start();
      await until(async () => JSON.parse((await here('status', '--json')).out).invocations === 3);
      const { code, out, err } = await stopped(run, signal);
      expect(out).to.equal(
        'Started, with 1 worker and checkpoints in .sf.\nEnded, after 3 messages, with a final checkpoint.\n',
      );
      expect(err).to.equal('');
      expect(code).to.equal(0);
      expect(jsonOf<Line>(await here('inspect', '*/*/*'))).to.deep.equal([
        { address: 'ride/driver/7', state: { trips: 2, visits: [['Rome', 2]], route: ['Rome', 'Rome'] } },
        { address: 'ride/driver/a/b', state: { trips: 1, visits: [['Oslo', 1]], route: ['Oslo'] } },
      ]);
      expect(await readdir(join(folder, '.sf'))).not.to.contain('control.sock');
    });
  }

  it('takes signals that come together for one, as of a Ctrl-C that npm passes on as well', async () => {
    const run = await start();
    await until(async () => JSON.parse((await here('status', '--json')).out).invocations === 3);
    run.child.kill('SIGINT');
    const { code, out } = await stopped(run, 'SIGTERM');
    expect(out).to.match(/\nEnded, after 3 messages, with a final checkpoint.\n$/);
    expect(code).to.equal(0);
  });

  it('ends an application at once at the second signal', async () => {
    await appendFile(join(folder, 'trips.jsonl'), '{"driver":"slow","to":"Rome","isEndless":true}\n');
    const run = await start();
    await until(async () => JSON.parse((await here('status', '--json')).out).backlog > 0);
    // Signals that come soon after the first count as one with it.
    await until(async () => {
      run.child.kill('SIGTERM');
      return run.child.exitCode !== null || run.child.signalCode !== null;
    });
    expect((await run.outcome).signal).to.equal('SIGTERM');
  });

  it('goes on after a kill, in whose folder a socket was left', async () => {
    const run = await start('--workers', '2');
    await untilStored(2);
    await stopped(run, 'SIGKILL');
    expect(await readdir(join(folder, '.sf'))).to.contain('control.sock');
    expect((await here('status', '--json')).code).to.equal(1);
    await appendFile(join(folder, 'trips.jsonl'), '{"driver":"7","to":"Oslo"}\n');
    const again = await start();
    await untilStored(3);
    expect((await here('status')).code).to.equal(0);
    expect((await stopped(again)).code).to.equal(0);
  });

  it('gives modules their configuration, prints events as JSON, and ends whatever a module leaves open', async () => {
    await writeFile(join(folder, 'other.jsonl'), '{"driver":"8","to":"Rome=Roma"}\n');
    const run = new Run(folder, [
      'start',
      rideModule,
      '--json',
      '--config',
      'trips=other.jsonl',
      '--config',
      'leaveOpen=yes',
    ]);
    runs.push(run);
    await run.says('{"event":"started","workers":1,"checkpoints":".sf"}');
    await until(async () => jsonOf(await here('inspect', 'ride/driver/8')).length === 1);
    const [, ended] = jsonOf<{ event: string; invocations: number }>(await stopped(run));
    expect(ended).to.deep.include({ event: 'ended', invocations: 1 });
  });

  it('fails with a code, without a stack unless asked for', async () => {
    expectFailure(await here('start', 'nowhere.js'), 'SF_INVALID_MODULE');
    const verbose = await here('start', 'nowhere.js', '--verbose');
    expect(verbose.err).to.match(/^SF_INVALID_MODULE: .*\n.*\n {4}at /);
    expect(verbose.err).to.contain('caused by ');
    expectFailure(await here('savepoint', 'x'), 'SF_NO_COORDINATOR');
    expectFailure(await here('drain'), 'SF_NO_COORDINATOR');
    expectFailure(await here('status', '--checkpoints', 'nowhere'), 'SF_UNKNOWN_CHECKPOINT');
    expectFailure(await here('restore', 'x', '--checkpoints', 'nowhere'), 'SF_UNKNOWN_CHECKPOINT');
    expectFailure(await here('status', '--nats', '127.0.0.1:1'), 'SF_INVALID_OPTION');
    expect(await readdir(folder)).to.deep.equal(['trips.jsonl']);
  });

  it('asks a running application how it does, for a savepoint, and to end', async () => {
    const run = await start();
    await untilStored(2);
    const { code, out } = await here('status');
    expect(code).to.equal(0);
    expect(out).to.match(
      /^application {5}runs in one process, on \.sf\ncheckpoints {5}\d+ committed, the last in \d+ ms, 0 abandoned; /,
    );
    expect(out).to.match(/^messages {8}3 handled, 0 waiting, 0 tried again$/m);
    const [json] = jsonOf<object>(await here('status', '--json'));
    expect(json).to.deep.include({ running: true, invocations: 3, addresses: 2 });

    expect(await here('savepoint', 'early')).to.deep.include({ code: 0, out: 'There is a savepoint early.\n' });
    expectFailure(await here('savepoint', 'early'), 'SF_SAVEPOINT_EXISTS');
    expectFailure(await here('savepoint', '../x'), 'SF_INVALID_NAME');
    expectFailure(await here('start', rideModule), 'SF_LOCKED');
    expectFailure(await here('restore', 'early'), 'SF_LOCKED');

    expect(await here('drain', '--json')).to.deep.include({ code: 0, out: '{"draining":true}\n' });
    expect(await run.outcome).to.deep.include({ code: 0, err: '' });
  });

  it('says what the store says where nothing runs', async () => {
    const run = await start();
    await untilStored(2);
    await stopped(run);
    const { code, out, err } = await here('status');
    expect(out).to.match(/^store {7}\.sf\ncheckpoint {2}\d+, (just now|\d+ seconds? ago), in epoch 1, \d+ B\n$/);
    expect(err).to.match(/^SF_NO_COORDINATOR: /);
    expect(code).to.equal(1);
    const [json] = jsonOf<{ running: boolean; newest: object }>(await here('status', '--json'));
    expect(json?.running).to.equal(false);
    expect(json?.newest).to.have.keys(
      'checkpoint',
      'index',
      'epoch',
      'timeMs',
      'applicationTimeMs',
      'segments',
      'bytes',
      'inFlightParts',
    );
  });

  it('goes back to a savepoint, and shows state as it was there', async () => {
    const run = await start();
    await untilStored(2);
    await here('savepoint', 'early');
    await appendFile(join(folder, 'trips.jsonl'), '{"driver":"7","to":"Oslo"}\n');
    await untilStored(3);
    await stopped(run);
    const trips = async (...at: string[]) =>
      jsonOf<Line>(await here('inspect', 'ride/driver/7', ...at))[0]?.state.trips;
    expect(await trips('--at', 'savepoint:early')).to.equal(2);
    const { out, code } = await here('restore', 'early');
    expect(out).to.match(/^The next start goes on from savepoint early, which is checkpoint \d+\.\n$/);
    expect(code).to.equal(0);
    expect(await trips()).to.equal(2);
    expect((await here('status')).out).to.match(/^goes on from {2}savepoint early, /m);
    await writeFile(
      join(folder, 'trips.jsonl'),
      `${rides.join('\n')}\n{"driver":"7","to":"Bern"}\n{"driver":"7","to":"Bern"}\n`,
    );
    const again = await start();
    await untilStored(4);
    await stopped(again);
    expect(jsonOf<Line>(await here('inspect', 'ride/driver/7'))[0]?.state.route).to.deep.equal([
      'Rome',
      'Rome',
      'Bern',
      'Bern',
    ]);
    expectFailure(await here('restore', 'late'), 'SF_UNKNOWN_SAVEPOINT');
  });

  it('lists and shows checkpoints', async () => {
    const run = await start();
    await untilStored(2);
    await here('savepoint', 'kept');
    await stopped(run);
    const { out, code } = await here('checkpoints', 'list');
    expect(code).to.equal(0);
    const [headings, ...rows] = out.split('\n').slice(0, -1);
    expect(headings).to.match(/^CHECKPOINT {2}SAVEPOINT {2}INDEX {2}EPOCH {2}COMMITTED +SEGMENTS +SIZE {2}IN FLIGHT$/);
    expect(rows.at(-1)).to.match(/^ +\d+ {2}kept +\d+ +1 {2}(just now|\d+ seconds? ago) +\d+ +\d+ B +\d+$/);
    const all = jsonOf<{ checkpoint: number; savepoint?: string }>(await here('checkpoints', 'list', '--json'));
    expect(all).to.have.length(rows.length);
    expect(all.at(-1)?.savepoint).to.equal('kept');

    const shown = await here('checkpoints', 'show', 'savepoint:kept');
    expect(shown.out).to.match(/^savepoint {9}kept$/m);
    expect(shown.out).to.match(/^inlined\/\S+ +\d+ B +\d+ {2}ride\/driver$/m);
    expect(shown.out).to.match(/^ride\/trips +3 {2}\{/m);
    const [details] = jsonOf<object>(await here('checkpoints', 'show', `${all[0]?.checkpoint}`, '--json'));
    expect(details).to.include.keys('checkpoint', 'logId', 'settings', 'segmentRefs', 'parts', 'ingresses', 'egresses');
    expectFailure(await here('checkpoints', 'show', '999'), 'SF_UNKNOWN_CHECKPOINT');
  });

  it('ends with 3 and tells all that is damaged', async () => {
    const run = await start();
    await untilStored(2);
    await here('savepoint', 'kept');
    await stopped(run);
    expect(await here('checkpoints', 'verify')).to.deep.include({ code: 0, out: 'No damage in .sf.\n' });
    const log = join(folder, '.sf/blobs/log');
    const entry = (await readdir(log)).sort().at(-1) as string;
    const bytes = await readFile(join(log, entry));
    bytes[3] = (bytes[3] as number) ^ 1;
    await writeFile(join(log, entry), bytes);
    await rm(join(folder, '.sf/blobs/savepoints/kept'));
    await writeFile(join(folder, '.sf/blobs/savepoints/kept'), 'nonsense');

    const { code, out } = await here('checkpoints', 'verify');
    expect(code).to.equal(3);
    expect(out).to.contain(`log/${entry} is damaged at byte 0`);
    expect(out).to.contain('savepoints/kept is damaged at byte 8');
    expect(out).to.match(/\n2 parts of \.sf are damaged or gone\.\n$/);
    const json = await here('checkpoints', 'verify', '--json');
    expect(json.code).to.equal(3);
    expect(jsonOf<object>(json).map((each) => Object.keys(each))).to.deep.equal([
      ['code', 'blob', 'offset', 'message'],
      ['code', 'blob', 'offset', 'message'],
    ]);
  });

  it('prints nothing that a terminal would obey', async () => {
    await writeFile(
      join(folder, 'trips.jsonl'),
      `${JSON.stringify({ driver: '\u001b[2J\u009b2J\u202e', to: 'x\u0007' })}\n`,
    );
    const run = await start();
    await until(async () => jsonOf(await here('inspect', 'ride/driver/*')).length === 1);
    await stopped(run);
    const { out } = await here('inspect', 'ride/driver/*');
    expect(out).to.match(/^[\x20-\x7e]*\n$/);
    expect(jsonOf<Line>({ out } as Outcome)[0]?.address).to.equal('ride/driver/\u001b[2J\u009b2J\u202e');
    expect(jsonOf(await here('inspect', 'ride/driver/\\u{1b}[2J\\u{9b}2J\\u{202e}'))).to.have.length(1);
  });
});

import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runGreeter } from '../peers/greeter.js';
import { runLatency } from '../peers/latency.js';
import { makeOurs } from '../peers/our-system.js';
import { runRestart } from '../peers/restart.js';
import { runRing } from '../peers/ring.js';
import { checkSum, post, type System, whenHandled, withSystem } from '../peers/system.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

describe('bench --peers', function () {
  this.timeout(30_000);
  let folder: string;

  // The command as it is in a clone of which nobody has installed the peer.
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'no-peer-'));
    await cp(join(root, 'benchmarks/dist'), join(folder, 'benchmarks/dist'), { recursive: true });
    await cp(join(root, 'benchmarks/package.json'), join(folder, 'benchmarks/package.json'));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  });

  after(() => rm(folder, { recursive: true }));

  it('refuses to run without the peer, and says how to get it', async () => {
    const bench = join(folder, 'benchmarks/dist/bench.js');
    const { code, out, said } = await new Promise<{ code: unknown; out: string; said: string }>((resolve) => {
      execFile(process.execPath, [bench, '--peers'], (error, out, said) => resolve({ code: error?.code, out, said }));
    });
    expect(said).to.match(/^Restate is not installed: .* Run: npm ci --prefix benchmarks\/peers\/restate\n$/);
    expect(code).to.equal(2);
    expect(out).to.equal('');
  });
});

// Each run checks itself that every message has taken effect, once; it rejects if not.
describe('Our side of the comparison', function () {
  this.timeout(120_000);
  const times = { warmUpMs: 50, measuredMs: 2_000 };

  it('greets, replied to and one-way', async () => {
    expect(await runGreeter(makeOurs, 5, false, times)).to.be.greaterThan(0);
    expect(await runGreeter(makeOurs, 5, true, times)).to.be.greaterThan(0);
  });

  it('has tokens go round a ring', async () => {
    expect(await runRing(makeOurs, 20, 100)).to.be.greaterThan(0);
  });

  it('replies at a fixed rate', async () => {
    const { p50, max } = await runLatency(makeOurs, { callers: 5, rate: 50, ids: 10, ...times });
    expect(p50).to.be.greaterThan(0);
    expect(max).to.be.at.least(p50 as number);
  });

  it('goes on after kill -9 with all that had happened', async () => {
    const { median, longest } = await runRestart(makeOurs, 400, 2);
    expect(median).to.be.greaterThan(0);
    expect(longest).to.be.at.least(median as number);
  });

  it('does not count what has not happened', async () => {
    const outcome = await withSystem(makeOurs, async (system: System) => {
      await post(system, system.paths.greet, 'ada', { name: 'ada', pages: [] });
      await whenHandled(system, 2);
      await checkSum(system, system.paths.seen.greeter, 1, () => 'ada', 1);
      return checkSum(system, system.paths.seen.greeter, 1, () => 'ada', 2);
    }).catch((error: Error) => error);
    expect(outcome).to.be.an('error').with.property('message').that.contains('1 messages have taken effect, not 2');
  });
});

import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { SourceWatch } from '../src/source-watch.js';

describe('SourceWatch', () => {
  let folder: string;
  let watch: SourceWatch;
  const never = new AbortController().signal;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watch-'));
    await mkdir(join(folder, 'src/inner'), { recursive: true });
    await writeFile(join(folder, 'src/inner/a.ts'), '');
    watch = new SourceWatch([join(folder, 'src')]);
  });

  afterEach(async () => {
    watch[Symbol.dispose]();
    await rm(folder, { recursive: true });
  });

  const at = (path: string) => join(folder, path);
  const next = () => watch.next(never);

  it('notices a file that is written, also before it is asked', async () => {
    const later = next();
    await writeFile(at('src/inner/a.ts'), 'a');
    expect(await later).to.equal(at('src/inner/a.ts'));
    await writeFile(at('src/b.ts'), 'b');
    expect(await next()).to.equal(at('src/b.ts'));
  });

  it('goes on noticing a file that editors replace', async () => {
    for (let time = 0; time < 3; time += 1) {
      await writeFile(at('src/inner/a.ts.swp'), `${time}`);
      await rename(at('src/inner/a.ts.swp'), at('src/inner/a.ts'));
      expect(await next()).to.equal(at('src/inner/a.ts'));
    }
  });

  it('takes writes in quick succession for one change', async () => {
    for (const name of ['a', 'b', 'c']) await writeFile(at(`src/${name}.ts`), '');
    expect(await next()).to.equal(at('src/a.ts'));
    await writeFile(at('src/d.ts'), '');
    expect(await next()).to.equal(at('src/d.ts'));
  });

  it('follows folders that come and go', async () => {
    await mkdir(at('src/new/below'), { recursive: true });
    expect(await next()).to.equal(at('src/new'));
    await writeFile(at('src/new/below/b.ts'), '');
    expect(await next()).to.equal(at('src/new/below/b.ts'));
    await rm(at('src/new'), { recursive: true });
    expect(await next()).to.match(/src.new/);
    await writeFile(at('src/inner/a.ts'), 'a');
    expect(await next()).to.equal(at('src/inner/a.ts'));
  });

  it('leaves other files alone', async () => {
    await writeFile(at('src/notes.txt'), '');
    await writeFile(at('src/inner/.a.ts.swp'), '');
    await writeFile(at('src/inner/a.ts'), 'a');
    expect(await next()).to.equal(at('src/inner/a.ts'));
  });

  it('ends waiting when it is told to', async () => {
    const stopping = new AbortController();
    const later = watch.next(stopping.signal);
    stopping.abort();
    expect(await later).to.equal(undefined);
  });

  it('refuses a folder that is not there', () => {
    expect(() => new SourceWatch([at('absent')]))
      .to.throw('--watch')
      .with.property('code', 'SF_INVALID_OPTION');
  });
});

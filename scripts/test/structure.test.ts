import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');

/**
 * The structure of the code is kept by rules of `biome.json`. A rule that matches nothing is silent, so these tests lint
 * small trees that break each of them, with the very configuration.
 */
describe('the structure rules of biome.json', () => {
  let tree: string;

  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), 'structure-'));
    cpSync(join(root, 'biome.json'), join(tree, 'biome.json'));
    cpSync(join(root, 'scripts/no-ambient-time.grit'), join(tree, 'scripts/no-ambient-time.grit'));
  });

  afterEach(() => rmSync(tree, { recursive: true }));

  it('refuse a circular import', () => {
    write('packages/core/src/sdk/a.ts', `import { b } from './b.js';\nexport const a = () => b;\n`);
    write('packages/core/src/sdk/b.ts', `export * from './c.js';\nexport const b = 1;\n`);
    write('packages/core/src/sdk/c.ts', `import { a } from './a.js';\nexport const c = () => a;\n`);
    expect(violations()).to.deep.equal([
      'packages/core/src/sdk/a.ts lint/suspicious/noImportCycles',
      'packages/core/src/sdk/b.ts lint/suspicious/noImportCycles',
      'packages/core/src/sdk/c.ts lint/suspicious/noImportCycles',
    ]);
  });

  it("refuse another package's src, by path and by name, and allow a package's own", () => {
    write('packages/core/src/index.ts', `export const a = 1;\n`);
    write('packages/core/test/sdk/own.test.ts', `import { a } from '../../src/index.js';\nexport const b = a;\n`);
    write('packages/s3/src/path.ts', `import { a } from '../../core/src/index.js';\nexport const b = a;\n`);
    write('packages/s3/src/name.ts', `export { a } from '@stateful-functions/core/src/index.js';\n`);
    write('packages/s3/src/built.ts', `export { a } from '@stateful-functions/core/dist/src/index.js';\n`);
    write('packages/s3/src/public.ts', `export { a } from '@stateful-functions/core';\n`);
    write('packages/s3/test/a.test.ts', `import { a } from '../../core/src/index.js';\nexport const b = a;\n`);
    write('benchmarks/a.ts', `export const a = () => import('../packages/core/src/index.js');\n`);
    expect(violations()).to.deep.equal([
      'benchmarks/a.ts lint/style/noRestrictedImports',
      'packages/s3/src/built.ts lint/style/noRestrictedImports',
      'packages/s3/src/name.ts lint/style/noRestrictedImports',
      'packages/s3/src/path.ts lint/style/noRestrictedImports',
      'packages/s3/test/a.test.ts lint/style/noRestrictedImports',
    ]);
  });

  it('refuse an import of a higher layer, and allow one of a lower', () => {
    const ladder = ['ports', 'sdk', 'codec', 'state', 'dispatch', 'worker', 'checkpoint', 'cluster', 'application'];
    const expected: string[] = [];
    for (const [index, layer] of ladder.entries()) {
      for (const [otherIndex, other] of ladder.entries()) {
        if (layer === other) continue;
        const file = `packages/core/src/${layer}/to-${other}.ts`;
        write(file, `import type { A } from '../${other}/a.js';\nexport type B = A;\n`);
        if (otherIndex > index) expected.push(`${file} lint/style/noRestrictedImports`);
      }
    }
    expect(violations()).to.deep.equal(expected.sort());
  });

  it('keep leaves apart, and let nothing in core use the testing kit', () => {
    const expected: string[] = [];
    for (const leaf of ['blob', 'io', 'node']) {
      for (const other of ['blob', 'io', 'node', 'worker', 'testing']) {
        if (leaf === other) continue;
        const file = `packages/core/src/${leaf}/to-${other}.ts`;
        write(file, `import type { A } from '../${other}/a.js';\nexport type B = A;\n`);
        expected.push(`${file} lint/style/noRestrictedImports`);
      }
    }
    write('packages/core/src/application/to-testing.ts', `export { a } from '../testing/a.js';\n`);
    write('packages/core/src/testing/to-application.ts', `export { a } from '../application/a.js';\n`);
    expected.push('packages/core/src/application/to-testing.ts lint/style/noRestrictedImports');
    expect(violations()).to.deep.equal(expected.sort());
  });

  it("refuse the host's time, timers and randomness in core, but where Node.js is adapted", () => {
    const ambient = `export const a = [Date.now(), Math.random(), new Date()];\nsetTimeout(() => a, process.pid);\n`;
    write('packages/core/src/worker/a.ts', ambient);
    write('packages/core/src/node/a.ts', ambient);
    write('packages/core/src/worker/b.ts', `export const a = new Date(0);\n`);
    expect(violations()).to.deep.equal([
      ...Array<string>(2).fill('packages/core/src/worker/a.ts lint/style/noRestrictedGlobals'),
      ...Array<string>(3).fill('packages/core/src/worker/a.ts plugin'),
    ]);
  });

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }

  /** `path rule` of each violation, sorted. */
  function violations(): string[] {
    const report = JSON.parse(lint()) as { diagnostics: { category: string; location: { path: string } }[] };
    return report.diagnostics.map(({ category, location }) => `${location.path} ${category}`).sort();
  }

  function lint(): string {
    const options = ['--vcs-enabled=false', '--diagnostic-level=error', '--max-diagnostics=none', '--reporter=json'];
    try {
      return execFileSync(process.execPath, [biome, 'lint', ...options, '.'], {
        cwd: tree,
        encoding: 'utf8',
        stdio: 'pipe',
      });
    } catch (error) {
      return (error as { stdout: string }).stdout; // Exits with 1 when there are violations.
    }
  }
});

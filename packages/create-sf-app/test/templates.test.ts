import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { fillIn } from '../src/blanks.js';
import { PackageManager } from '../src/package-manager.js';
import { filesOf, type TemplateName, templateNames, writeFiles } from '../src/template.js';

const packages = fileURLToPath(new URL('../../../', import.meta.url));

interface PackageDescription {
  readonly name: string;
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as PackageDescription;

/** Files of the template `greeter` that are those of the example: whoever changes one changes both. */
const fromExample = ['email-sender.fn.ts', 'greet-router.ts', 'greeter.fn.ts', 'greeter.ts', 'greeting-texts.ts'];

/** What users get. Add here what is added there. */
const pinned: Readonly<Record<TemplateName, readonly string[]>> = {
  minimal: [
    '.gitignore',
    'README.md',
    'biome.json',
    'package.json',
    'src/counter.fn.ts',
    'src/counter.module.ts',
    'src/counter.ts',
    'src/main.ts',
    'test/counter.test.ts',
    'tsconfig.json',
  ],
  greeter: [
    '.gitignore',
    'README.md',
    'biome.json',
    'events.jsonl',
    'package.json',
    'src/email-sender.fn.ts',
    'src/greet-router.ts',
    'src/greeter.fn.ts',
    'src/greeter.module.ts',
    'src/greeter.ts',
    'src/greeting-texts.ts',
    'src/main.ts',
    'test/greeter.test.ts',
    'tsconfig.json',
  ],
  cluster: [
    '.dockerignore',
    '.gitignore',
    'Dockerfile',
    'README.md',
    'biome.json',
    'compose.yaml',
    'package.json',
    'src/cluster.ts',
    'src/counter.fn.ts',
    'src/counter.module.ts',
    'src/counter.ts',
    'src/main.ts',
    'test/cluster.test.ts',
    'test/counter.test.ts',
    'tsconfig.json',
  ],
};

describe('The templates', () => {
  for (const file of fromExample) {
    it(`greeter has ${file} as the example has it`, () => {
      const template = readFileSync(join(packages, 'create-sf-app/templates/greeter/src', file), 'utf8');
      expect(template).to.equal(readFileSync(join(packages, '../examples/greeter/src', file), 'utf8'));
    });
  }

  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'templates-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const write = (template: TemplateName, packageManager = new PackageManager('npm')) =>
    writeFiles(filesOf(template), directory, (path, text) => fillIn(path, text, { name: 'my-app', packageManager }));

  it('are those that are pinned', () => expect(templateNames).to.have.members(Object.keys(pinned)));

  for (const template of templateNames) {
    describe(template, () => {
      it('has the files that are pinned', () => {
        write(template);
        const written = readdirSync(directory, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1));
        expect(written.sort()).to.deep.equal(pinned[template]);
      });

      it('depends on our packages as they are, and on others as this repository does', () => {
        write(template);
        const { name, dependencies, devDependencies } = read(join(directory, 'package.json'));
        expect(name).to.equal('my-app');
        const versions = new Map(Object.entries(read(join(packages, '../package.json')).devDependencies));
        for (const each of readdirSync(packages)) {
          const ours = read(join(packages, each, 'package.json'));
          versions.set(ours.name, `^${ours.version}`);
        }
        for (const [each, version] of Object.entries({ ...dependencies, ...devDependencies })) {
          expect(version, each).to.equal(versions.get(each));
        }
      });

      it('has the same scripts as the others', () => {
        write(template);
        expect(read(join(directory, 'package.json')).scripts).to.deep.equal({
          build: 'tsc',
          dev: 'sf dev dist/src/main.js',
          prestart: 'tsc',
          start: 'node --enable-source-maps dist/src/main.js',
          pretest: 'tsc',
          test: 'node --enable-source-maps --test dist/test/*.test.js',
          lint: 'biome check --error-on-warnings .',
          format: 'biome check --write .',
        });
      });

      it('leaves imports alone that injection needs', () => {
        write(template);
        const { linter } = JSON.parse(readFileSync(join(directory, 'biome.json'), 'utf8'));
        expect(linter.rules.style.useImportType).to.equal('off');
      });

      it('has a README in the words of the package manager, without a blank', () => {
        write(template, new PackageManager('pnpm'));
        const text = readFileSync(join(directory, 'README.md'), 'utf8');
        expect(text).to.match(/^# my-app\n/);
        expect(text)
          .to.include('`pnpm run dev --fresh`')
          .and.not.match(/\{\{|(?<!p)npm run/);
        const sources = pinned[template].filter((path) => path.startsWith('src/'));
        expect(sources.filter((path) => !text.includes(`\`${path}\``))).to.deep.equal([]);
      });
    });
  }
});

import { expect } from 'chai';
import { packageNameOf, packageNameProblem } from '../src/package-name.js';

describe('The name of a package', () => {
  for (const name of ['my-app', 'a', '7up', 'my.app', 'my_app', '@me/my-app', 'a'.repeat(214)]) {
    it(`may be ${name.slice(0, 20)}`, () => expect(packageNameProblem(name)).to.equal(undefined));
  }

  for (const name of [
    '',
    'My-App',
    'my app',
    '.app',
    '_app',
    '-app',
    'app/b',
    '@me/',
    'ä',
    'http',
    'node_modules',
    'a'.repeat(215),
  ]) {
    it(`may not be ${JSON.stringify(name.slice(0, 20))}`, () => expect(packageNameProblem(name)).to.be.a('string'));
  }

  it('is that of the directory, as far as it can be', () => {
    expect(packageNameOf('/work/my-app')).to.equal('my-app');
    expect(packageNameOf('/work/My Great App!')).to.equal('my-great-app');
    expect(packageNameOf('/work/.hidden')).to.equal('hidden');
    expect(packageNameOf('/work/über')).to.equal('ber');
    for (const directory of ['/', '/work/日本', '/work/http', '/work/...'])
      expect(packageNameOf(directory)).to.equal('my-app');
  });
});

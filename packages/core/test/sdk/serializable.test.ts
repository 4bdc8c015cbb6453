import { expect } from 'chai';
import { StatefulFunctionsError } from '../../src/sdk/errors.js';
import { Serializable, serializableByClass, serializableByName } from '../../src/sdk/serializable.js';

@Serializable('serializable-test/point')
class Point {}

describe('Serializable', () => {
  it('finds a class by its name and a name by its class', () => {
    expect(serializableByName('serializable-test/point')).to.equal(Point);
    expect(serializableByClass(Point)).to.equal('serializable-test/point');
  });

  it('does not hold for subclasses, nor for names nobody gave', () => {
    expect(serializableByClass(class extends Point {})).to.equal(undefined);
    expect(serializableByName('serializable-test/other')).to.equal(undefined);
  });

  it('takes the same class twice', () => {
    Serializable('serializable-test/point')(Point);
    expect(serializableByName('serializable-test/point')).to.equal(Point);
  });

  it('refuses a second class of one name, a second name of one class, and a name of another form', () => {
    expect(codeOf(() => Serializable('serializable-test/point')(class {}))).to.equal('SF_SERIALIZABLE');
    expect(codeOf(() => Serializable('serializable-test/location')(Point))).to.equal('SF_SERIALIZABLE');
    expect(codeOf(() => Serializable('a/b/c'))).to.equal('SF_INVALID_NAME');
    expect(serializableByName('serializable-test/location')).to.equal(undefined);
  });
});

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return error instanceof StatefulFunctionsError ? error.code : String(error);
  }
  return undefined;
}

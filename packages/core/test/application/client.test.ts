import { expect } from 'chai';
import { Client, type ClientGateway } from '../../src/application/client.js';
import { ask } from '../../src/sdk/contract.js';
import { StatefulFunctionsError } from '../../src/sdk/errors.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { rejection } from '../checkpoint/coded.js';

const desk = 'test/desk';

describe('Client', () => {
  let platform: VirtualPlatform;

  beforeEach(() => {
    platform = new VirtualPlatform();
  });

  it('has done with a call whose message is refused', async () => {
    const client = new Client(gateway(), platform);
    const call = client.call(desk, '1', 'answer', { unsendable: () => undefined });
    await rejection('SF_UNSUPPORTED_VALUE', call);
    await expectNothingUnderWay(client);
  });

  it('has done with a call that no worker takes', async () => {
    const stopped = new StatefulFunctionsError('SF_STOPPED', 'the worker has stopped.');
    const refusing = [
      gateway(() => {
        throw stopped;
      }),
      gateway(() => Promise.reject(stopped)),
    ];
    for (const each of refusing) {
      const client = new Client(each, platform);
      await rejection('SF_STOPPED', client.call(desk, '1', 'answer', 1));
      await expectNothingUnderWay(client);
    }
  });

  /** Else who stops the application would wait for an answer that nobody will give. */
  async function expectNothingUnderWay(client: Client): Promise<void> {
    let isQuiet = false;
    void client.quiesce().then(() => {
      isQuiet = true;
    });
    await platform.settle();
    expect(isQuiet).to.equal(true);
    expect(platform.scheduler.nextDueMs).to.equal(undefined);
  }
});

function gateway(submit: ClientGateway['submit'] = () => undefined): ClientGateway {
  return {
    incarnation: 'a-client',
    definitionOf: (type) => ({ type, operations: { answer: ask<unknown, unknown>() } }) as never,
    submit,
  };
}

import { type Client, FunctionType, query, send } from '@stateful-functions/core';

/** What an address of the benchmarks holds. */
export interface Balance {
  readonly received: number;
  readonly note: string;
}

/** Addresses, of which each is to get a message. */
export interface Round {
  readonly from: number;
  readonly count: number;
}

/** One of many addresses that have state. */
export const Account = FunctionType.contract('bench/account', {
  receive: send<void>(),
  balance: query<void, Balance>(),
});

/** Sends to many accounts; has no state itself. */
export const Teller = FunctionType.contract('bench/teller', { tell: send<Round>() });

export function accountId(number: number): string {
  return `account-${number}`;
}

/** What the state holds after so many messages, beside their number: nothing that a checkpoint could leave out. */
export function noteOf(received: number): string {
  return `message ${received} was the last, and more may come`;
}

const toldTogether = 1_000;

/** Has each of some accounts get a message. Resolves when that is certain, with how many invocations it takes. */
export async function tellEach(client: Pick<Client, 'to'>, { from, count }: Round): Promise<number> {
  const tellers = Math.ceil(count / toldTogether);
  for (let teller = 0; teller < tellers; teller += 1) {
    const told = teller * toldTogether;
    const round: Round = { from: from + told, count: Math.min(toldTogether, count - told) };
    await client.to(Teller.at(`teller-${round.from}`)).tell(round);
  }
  return count + tellers;
}

const together = 128;

/** What `ask` resolves with for each number below `count`, few at a time: a crowd would wait so long that it asks again. */
export async function inTurn<T>(count: number, ask: (number: number) => Promise<T>): Promise<T[]> {
  const answers: T[] = new Array(count);
  let next = 0;
  const caller = async () => {
    for (let number = next++; number < count; number = next++) answers[number] = await ask(number);
  };
  await Promise.all(Array.from({ length: together }, caller));
  return answers;
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { ApplicationStatus } from '@stateful-functions/core';
import type { NodeSetup, NodeTells } from './node-setup.js';

interface Question {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A node in a process of its own. */
export class NodeProcess {
  readonly name: string;
  /** What it ended with, if nobody had asked for that. */
  failure: string | undefined;
  /** Is told what the node tells without being asked. Replace it at any time. */
  heard: (what: NodeTells) => void = () => {};
  readonly #child: ChildProcess;
  readonly #running: Promise<void>;
  /** Answers come in the order of the questions. */
  #questions: Question[] = [];
  #end: Error | undefined;
  #isMeantToEnd = false;

  constructor(setup: NodeSetup) {
    this.name = setup.name;
    this.#child = fork(new URL('./node.js', import.meta.url), [JSON.stringify(setup)], {
      execArgv: ['--enable-source-maps'],
    });
    this.#running = new Promise((resolve, reject) => {
      this.#questions.push({ resolve: () => resolve(), reject });
    });
    this.#running.catch(() => undefined); // Whoever waits for it is told.
    this.#child.on('message', (what: NodeTells) => {
      if (what.kind === 'answer') this.#questions.shift()?.resolve(what.answer);
      else this.heard(what);
    });
    this.#child.once('exit', (code, signal) => this.#ended(code, signal));
  }

  /** Resolves when it handles messages. */
  whenRunning(): Promise<void> {
    return this.#running;
  }

  /** What the node, or the module that it runs, answers to a question. */
  ask<T>(question: string): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end);
      this.#questions.push({ resolve: resolve as (answer: unknown) => void, reject });
      this.#child.send(question);
    });
  }

  status(): Promise<ApplicationStatus> {
    return this.ask('status');
  }

  /** Has a checkpoint taken; resolves when it is committed. */
  checkpoint(): Promise<void> {
    return this.ask('checkpoint');
  }

  /** Ends it by `kill -9`. */
  async kill(): Promise<void> {
    await this.#signal('SIGKILL');
  }

  /** Has it hand over what it does, and end. */
  async leave(): Promise<void> {
    await this.#signal('SIGTERM');
  }

  async #signal(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.#end !== undefined) return;
    this.#isMeantToEnd = true;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }

  #ended(code: number | null, signal: string | null): void {
    const end = new Error(`${this.name} ended with ${code ?? signal}`);
    this.#end = end;
    if (!this.#isMeantToEnd || (code !== null && code !== 0)) this.failure = end.message;
    for (const { reject } of this.#questions) reject(end);
    this.#questions = [];
  }
}

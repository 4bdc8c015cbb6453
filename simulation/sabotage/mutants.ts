import type { Mutant } from './mutant.js';

function mutant(
  name: string,
  shownBy: number,
  breaks: string,
  ...edits: [module: string, from: string, to: string][]
): Mutant {
  return { name, shownBy, breaks, edits: edits.map(([module, from, to]) => ({ module, from, to })) };
}

/** Each breaks a rule that the protocol cannot do without: one that no seed shows would mean that nothing checks the rule. */
export const mutants: readonly Mutant[] = [
  // What a cut sets aside, and what becomes of it.
  mutant(
    'delta-against-abandoned-cut',
    8,
    'state that an abandoned checkpoint had set aside does not go into the next',
    ['dispatch/state-table.js', 'if (activation.dirtyIn === this.#interval)', 'if (activation.dirtyIn >= 0)'],
  ),
  mutant('abandoned-timers-forgotten', 8, 'timers that an abandoned checkpoint had set aside do not go into the next', [
    'dispatch/timers.js',
    'if (!this.#delta.has(id))',
    'if (id === undefined)',
  ]),
  mutant(
    'abandoned-egress-forgotten',
    8,
    'records that an abandoned checkpoint had set aside do not go into the next',
    ['worker/egress-outlet.js', 'values.append(this.#values);\n        this.#values = values;', ';'],
  ),
  mutant('cut-before-former-is-settled', 1, 'a barrier is heeded before it is known what became of the former cut', [
    'cluster/channels.js',
    '&& !this.#options.canCut())',
    '&& checkpoint < 0)',
  ]),
  mutant('queue-missing-from-cut', 14, 'messages that wait to be handed out are not in the checkpoint', [
    'dispatch/dispatcher.js',
    'waiting.push(this.#queue.snapshot());',
    ';',
  ]),
  mutant('mailboxes-missing-from-cut', 1, 'messages that wait behind one at work are not in the checkpoint', [
    'dispatch/dispatcher.js',
    'waiting.push(mailbox.snapshot());',
    ';',
  ]),
  mutant('running-input-missing-from-cut', 1, 'the message of a handler that runs is not in the checkpoint', [
    'dispatch/dispatcher.js',
    'current.push(envelope);',
    ';',
  ]),
  mutant('attempts-missing-from-cut', 1, 'how often a message was tried is not in the checkpoint', [
    'dispatch/dispatcher.js',
    'current.push(envelope);',
    'current.push(envelope.proceed({ attempt: 1 }));',
  ]),
  // Channels and barriers.
  mutant('barrier-behind-the-queue', 4, 'a barrier waits for what was queued before it', [
    'cluster/outbound-channel.js',
    'this.#lastBarrier = checkpoint;',
    'this.#lastBarrier = checkpoint; while (this.#queue.size > 0) this.#sendItems();',
  ]),
  mutant('nothing-recorded-in-flight', 1, 'what crosses a cut is not recorded', [
    'cluster/channel-recorder.js',
    'if (!isBehindCut)',
    'if (isBehindCut || !isBehindCut)',
  ]),
  mutant('unsent-not-kept', 8, 'what a sender had not sent at its cut is in no part', [
    'checkpoint/restore-in-flight.js',
    'unsent.push(stored.encoding);',
    ';',
  ]),
  mutant(
    'repeated-frames-accepted',
    1,
    'a frame that comes again is delivered again',
    [
      'cluster/inbound-channel.js',
      'if (frame.number === next) {',
      'if (frame.number === next || (frame.number === next - 1 && frame.kind === 1)) {',
    ],
    ['cluster/inbound-channel.js', 'this.#received = next;', 'this.#received = frame.number;'],
  ),
  mutant('frames-of-any-epoch', 8, 'frames of epochs and starts that are over are accepted', [
    'cluster/frame.js',
    'epoch === present && from.slot === peer.slot && from.incarnation === peer.incarnation && to === self.incarnation',
    'from.slot === peer.slot',
  ]),
  mutant(
    'part-missing',
    1,
    'a manifest is written before every worker has acknowledged',
    ['cluster/coordinator.js', 'if (taking.parts.size < workers.length)', 'if (taking.parts.size < 1)'],
    [
      'cluster/coordinator.js',
      'taking.resolve(workers.map((_, each) => taking.parts.get(each)));',
      'taking.resolve([...taking.parts.values()]);',
    ],
  ),
  // Restoring.
  mutant('in-flight-not-restored', 1, 'what was in flight is not put back', [
    'cluster/epoch-worker.js',
    'await restoreInFlight(store',
    'if (store === undefined) await restoreInFlight(store',
  ]),
  mutant('cut-while-restoring', 1, 'a worker takes part before everything restored is in place', [
    'cluster/epoch-worker.js',
    "if (this.#state === 'restoring' || this.#isClosed)",
    'if (this.#isClosed)',
  ]),
  mutant(
    'restart-unnoticed',
    109,
    'a participant that started again is taken for its former self',
    ['cluster/coordinator.js', 'const isGone = planned.incarnation !== member.incarnation ||', 'const isGone ='],
    [
      'cluster/coordinator.js',
      "if (isGone || (report.epoch === plan.epoch && report.state === 'waiting')) {",
      'if (isGone) {',
    ],
  ),
  // The log.
  mutant('unknown-taken-for-written', 13, 'a put whose outcome is unknown is taken for a success', [
    'checkpoint/settled-put.js',
    'failure = error;\n            if (mayGiveUp',
    'failure = error; return undefined;\n            if (mayGiveUp',
  ]),
  mutant('plain-put', 13, 'an entry of the log is put over the one that is there', [
    'blob/memory-blob-store.js',
    'if (this.#blobs.has(name))',
    "if (!name.startsWith('log/') && this.#blobs.has(name))",
  ]),
  mutant('blob-not-synced', 11, 'a blob is acknowledged whose bytes may be lost with the power', [
    'blob/file-blob-store.js',
    'file.sync()',
    'Promise.resolve()',
  ]),
  mutant('name-not-synced', 19, 'a blob is acknowledged whose name may be lost with the power', [
    'blob/file-blob-store.js',
    'this.#directorySync.sync(folder)',
    'Promise.resolve()',
  ]),
  mutant('won-name-not-checked', 109, 'an epoch begins by winning a name that was deleted long ago', [
    'checkpoint/manifest-log.js',
    '&& (await this.#isNewest(entry))',
    '&& entry !== undefined',
  ]),
  mutant('needed-blobs-deleted', 1, 'a blob that a retained manifest refers to is deleted', [
    'checkpoint/retention.js',
    '!needed.has(blob)',
    'blob !== undefined',
  ]),
  mutant('egress-ids-repeat', 1, 'ids of records do not hold the place of their checkpoint in the log', [
    'checkpoint/part-writer.js',
    'logIndex}-',
    '0}-',
  ]),
  // Invocations and state.
  mutant('effects-kept-after-a-throw', 1, 'what a handler did before it threw stays in its instance', [
    'dispatch/function-host.js',
    '        activation.instance = undefined;\n        activation.views = undefined;',
    ';',
  ]),
  mutant('late-promises-heeded', 1, 'a handler that was given up takes effect when it ends', [
    'dispatch/invoker.js',
    '            // A promise that outlived its invocation, or its worker, has no say any more.\n            if (invocation.ended || this.#flow.isClosed)',
    '            if (this.#flow.isClosed)',
  ]),
  mutant('absent-taken-for-nothing', 1, 'an entry that is not in memory is read as if there were none', [
    'dispatch/map-cell.js',
    'this.#invocation().doom(() => this.#cell.load(key));',
    ';',
  ]),
  mutant('uncommitted-state-evicted', 26, 'an address is dropped from memory before its state is committed', [
    'dispatch/state-table.js',
    '|| this.isUncommitted(activation))',
    '|| activation === undefined)',
  ]),
  mutant('tombstones-dropped-early', 1, 'compaction drops what hides an entry of an older segment', [
    'state/compaction.js',
    'return bottom && current.value === undefined ? undefined : current;',
    'return current.value === undefined ? undefined : current;',
  ]),
  // Timers.
  mutant('timers-missing-from-cut', 1, 'timers are not in the checkpoint', [
    'worker/worker.js',
    'timers: this.timers.cut(),',
    'timers: (this.timers.cut(), new Map()),',
  ]),
  mutant('firing-not-recorded', 1, 'that a timer fired is not in the checkpoint', [
    'dispatch/timers.js',
    'this.#recordRemoval(id, next.dueMs, this.keyGroupOf(next.owner));',
    ';',
  ]),
  mutant('timers-early', 1, 'timers fire before they are due', [
    'dispatch/timers.js',
    'next.dueMs > now ||',
    'next.dueMs > now + 5 ||',
  ]),
  mutant('anybody-cancels', 1, 'a timer is cancelled by whoever has its token', [
    'dispatch/timers.js',
    'if (!sameAddress(token.owner, by))\n            return;',
    'if (by === undefined)\n            return;',
  ]),
  // Sources, sinks, callers.
  mutant('acknowledged-before-commit', 1, 'a source may drop what no committed checkpoint holds', [
    'worker/worker.js',
    'ingresses[name] = pump.progress;',
    'ingresses[name] = pump.progress; pump.acknowledge(pump.progress.position).catch(() => {});',
  ]),
  mutant('position-behind-forwards', 3, 'a position is stored that is older than what was routed', [
    'worker/ingress-pump.js',
    'return { position: this.#position, routed: this.#routed };',
    'const now = { position: this.#position, routed: this.#routed }; const was = this.was ?? now; this.was = now; return was;',
  ]),
  mutant(
    'unpublished-egress-forgotten',
    9,
    'records of earlier checkpoints that are not published yet are not in the next',
    [
      'worker/egress-outlet.js',
      'const runs = this.#unpublished.map((run, index) => (index === 0 ? { ...run, done: this.#done } : run));',
      'const runs = [];',
    ],
  ),
  mutant('egress-before-manifest', 1, 'records leave before their checkpoint exists', [
    'worker/egress-outlet.js',
    'if (this.#cut.values.length > 0)\n            runs.push(this.#cut);',
    'if (this.#cut.values.length > 0) { runs.push(this.#cut); const early = this.#cut.values.reader(0, this.#cut.values.length); void this.sink.publish(Array.from({ length: this.#cut.values.length }, (_, at) => new OutgoingRecord("early-0-0", at, at, early, noHeaders))); }',
  ]),
  mutant('told-before-manifest', 1, 'workers are told that a checkpoint is committed before it is', [
    'checkpoint/checkpointer.js',
    'const entry = await this.#commit(body);',
    'group.committed(checkpoint, { ...body, index: this.#options.log.last.index + 1 }); const entry = await this.#commit(body);',
  ]),
  mutant('egress-out-of-order', 1, 'records of a later checkpoint leave before those of an earlier one', [
    'worker/egress-outlet.js',
    'this.#unpublished.push(run);',
    'if (this.#done === 0) this.#unpublished.unshift(run); else this.#unpublished.push(run);',
  ]),
  mutant('published-by-the-fenced', 3, 'a worker that ends publishes what it had frozen for a checkpoint', [
    'worker/egress-outlet.js',
    'await this.drained();\n        await this.sink.close();',
    "await this.drained(); const cut = this.#cut; if (cut !== undefined && this.#unpublished.length === 0) { this.#unpublished.push({ ...cut, prefix: 'fenced-1-0' }); await this.sink.publish(this.#nextBatch()); } await this.sink.close();",
  ]),
  mutant('acknowledged-by-the-fenced', 1, 'a worker that ends acknowledges all it has read', [
    'worker/worker.js',
    "this.#phase = 'closed';",
    "for (const pump of this.pumps.values()) void pump.acknowledge(pump.progress.position).catch(() => {}); this.#phase = 'closed';",
  ]),
  mutant('failed-batch-forgotten', 12, 'a batch that a sink failed to take counts as published', [
    'worker/egress-outlet.js',
    'if (await this.#mayPass(error))\n                    continue;\n                break;',
    'if (!(await this.#mayPass(error))) break;',
  ]),
  mutant('failed-reader-kept', 12, 'a reader that failed goes on, behind what it had read', [
    'worker/ingress-pump.js',
    'await this.#reader?.close().catch(() => undefined); // It has failed, and nobody relies on it.\n                this.#reader = undefined;',
    ';',
  ]),
  mutant('replies-before-commit', 5, 'a client is answered before the checkpoint exists that holds what it was told', [
    'worker/worker.js',
    'this.onceCommitted(() => this.onReply(target, reply));',
    'this.onReply(target, reply);',
  ]),
  mutant('sends-acknowledged-before-commit', 5, "a client's send is acknowledged before a checkpoint holds it", [
    'worker/worker.js',
    'this.#submissions.push(submission);',
    'this.#submissions.push(submission); submission.committed?.();',
  ]),
  mutant(
    'committed-sends-repeated',
    78,
    'what a client sent is sent again though the checkpoint is committed that holds it',
    ['cluster/participant.js', 'if (isCommitted)', 'if (isCommitted && plan === undefined)'],
  ),
  mutant('outstanding-sends-dropped', 4, 'what a client sent and no checkpoint holds is dropped with its epoch', [
    'cluster/participant.js',
    'this.#unsubmitted = [...worker.submissions, ...this.#unsubmitted];',
    ';',
  ]),
  // Memory.
  mutant('timers-never-cancelled', 1, 'a timer stays although another was set in its place', [
    'cluster/participant.js',
    'this.#heartbeat?.cancel();\n        const {',
    'const {',
  ]),
  // From one epoch to the next.
  mutant('memory-kept-of-another-checkpoint', 76, 'memory is kept though the epoch begins with another checkpoint', [
    'cluster/epoch-worker.js',
    'return this.#lastIndex === (manifest?.index ?? 0);',
    'return true;',
  ]),
  mutant('uncommitted-memory-kept', 1, 'state is kept that has changed since the checkpoint the epoch begins with', [
    'dispatch/state-table.js',
    'if (!former.loaded || this.isUncommitted(former)',
    'if (!former.loaded',
  ]),
];

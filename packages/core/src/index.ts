export { Application } from './application/application.js';
export { CallError, type CallOptions, type Client, type SendOptions } from './application/client.js';
export type { ApplicationStatus } from './application/engine.js';
export { goBackTo } from './application/go-back-to.js';
export type { ModuleSource } from './application/module-loader.js';
export type { CheckpointOptions, ClusterOptions, StartOptions } from './application/options.js';
export { RemoteClient, type RemoteClientOptions } from './application/remote-client.js';
export type { RunningApplication } from './application/running-application.js';
export { checkByteRange } from './blob/blob-body.js';
export { checkBlobName, checkBlobPrefix } from './blob/blob-name.js';
export { FileBlobStore } from './blob/file-blob-store.js';
export { MemoryBlobStore } from './blob/memory-blob-store.js';
export { AddressPattern } from './checkpoint/address-pattern.js';
export {
  CheckpointArchive,
  type CheckpointChoice,
  type CheckpointDetails,
  type CheckpointSummary,
} from './checkpoint/checkpoint-archive.js';
export type { CheckpointStatus } from './checkpoint/checkpointer.js';
export type { EgressProgress, FixedSettings, IngressProgress, PartRef } from './checkpoint/manifest.js';
export type { AddressState, FieldState } from './checkpoint/stored-state.js';
export { checkMembershipKey, checkMembershipPrefix } from './cluster/membership-key.js';
export { MemoryMembership } from './cluster/memory-membership.js';
export { MemoryNetwork, MemoryTransport } from './cluster/memory-transport.js';
export type { ClusterStatus, WorkerStatus } from './cluster/operation.js';
export { Operator, type OperatorOptions } from './cluster/operator.js';
export type { ParticipantState, ParticipantStatus } from './cluster/report.js';
export { CallbackSink, type EgressCallback } from './io/callback-sink.js';
export { toJson } from './io/json.js';
export { JsonLinesSink, type JsonLinesSinkOptions } from './io/json-lines-sink.js';
export { JsonLinesSource, type JsonLinesSourceOptions } from './io/json-lines-source.js';
export { MemoryInbox } from './io/memory-inbox.js';
export { MemorySink } from './io/memory-sink.js';
export { MemorySource } from './io/memory-source.js';
export { nodePlatform } from './node/node-platform.js';
export type { BlobBody, BlobStore, ByteRange } from './ports/blob-store.js';
export type { Clock } from './ports/clock.js';
export type { EgressRecord, EgressSink } from './ports/egress-sink.js';
export type { DirectoryEntry, FileHandle, FileLock, FileSystem, Watch } from './ports/file-system.js';
export type { Inbox } from './ports/inbox.js';
export type {
  ConnectorServices,
  IngressReader,
  IngressRecord,
  IngressSource,
  MalformedRecord,
} from './ports/ingress-source.js';
export { type Logger, silentLogger } from './ports/logger.js';
export type { Membership, MembershipRow } from './ports/membership.js';
export { coreMetrics, type Labels, type Metrics, noMetrics } from './ports/metrics.js';
export type { EventLoopDelay, Platform } from './ports/platform.js';
export type { Position } from './ports/position.js';
export { type Random, randomFraction, randomHex } from './ports/random.js';
export type { Scheduled, Scheduler } from './ports/scheduler.js';
export type { Listening, Transport } from './ports/transport.js';
export { Address, type AnyAddress, maxIdLength } from './sdk/address.js';
export { BlobError } from './sdk/blob-error.js';
export type { AskOptions, Context, Headers, QueryContext, Timed } from './sdk/context.js';
export {
  type Ask,
  type Asker,
  ask,
  type Caller,
  type Contract,
  type ContractAddress,
  type Handlers,
  type Operation,
  type Operations,
  type Query,
  query,
  type Reply,
  type ReplyFailure,
  type ReplyTo,
  type Send,
  type Sender,
  send,
} from './sdk/contract.js';
export { type DeadLetter, deadLetters } from './sdk/dead-letter.js';
export { type ContractDefinition, defineFunction, type StateDefinition } from './sdk/define-function.js';
export { type Duration, durationMs } from './sdk/duration.js';
export { Egress } from './sdk/egress.js';
export {
  asError,
  type ErrorCode,
  type ErrorData,
  errorCodes,
  errorData,
  errorOf,
  invariant,
  StatefulFunctionsError,
  withoutCode,
} from './sdk/errors.js';
export type { FunctionOptions, RetryPolicy } from './sdk/function-definition.js';
export { type AnyFunctionType, FunctionType, type Handled, type SchemaFunctionType } from './sdk/function-type.js';
export { Ingress } from './sdk/ingress.js';
export { type Binder, Module, type NamespaceFactory, type StatefulFunctionModule } from './sdk/module.js';
export { NotStoredError } from './sdk/not-stored-error.js';
export { Persisted } from './sdk/persisted.js';
export { PersistedList } from './sdk/persisted-list.js';
export { type MapKey, PersistedMap } from './sdk/persisted-map.js';
export { PersistedValue } from './sdk/persisted-value.js';
export { CancellationToken, type Consistency, ReplyHandle } from './sdk/reply.js';
export { Route } from './sdk/route.js';
export type { Downstream, Router } from './sdk/router.js';
export type { Schema } from './sdk/schema.js';
export { Serializable } from './sdk/serializable.js';
export { Inject, Service, type ServiceId, type Services, Token } from './sdk/service.js';
export type { PersistedOptions, StateFieldKind, TtlOptions } from './sdk/state-field.js';
export { StatefulFunction } from './sdk/stateful-function.js';
export type { SegmentRef } from './state/segment.js';

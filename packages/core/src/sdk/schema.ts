import type { StandardSchemaV1 } from '@standard-schema/spec';
import { StatefulFunctionsError } from './errors.js';

/** Any Standard Schema (zod, valibot, arktype, …). */
export type Schema = StandardSchemaV1;
export type SchemaInput<S extends Schema> = StandardSchemaV1.InferInput<S>;
export type SchemaOutput<S extends Schema> = StandardSchemaV1.InferOutput<S>;

/**
 * Validates `value` and returns the schema's output.
 *
 * @param what names the value for the error: `message to ride/driver/7`.
 * @throws SF_SCHEMA with each issue and its path; SF_ASYNC_SCHEMA for a schema that needs a promise.
 */
export function validate<S extends Schema>(schema: S, value: unknown, what: string): SchemaOutput<S> {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) {
    result.catch(() => {}); // Its outcome is of no use: the schema is refused for being asynchronous.
    throw new StatefulFunctionsError(
      'SF_ASYNC_SCHEMA',
      `the schema of ${what} is asynchronous. Use a synchronous schema.`,
    );
  }
  if (result.issues === undefined) return result.value as SchemaOutput<S>;
  const issues = result.issues.map((issue) => `${pathOf(issue)}${issue.message}`).join('; ');
  throw new StatefulFunctionsError(
    'SF_SCHEMA',
    `the ${what} does not match its schema: ${issues}. Send a matching value.`,
  );
}

function pathOf(issue: StandardSchemaV1.Issue): string {
  if (issue.path === undefined || issue.path.length === 0) return '';
  return `${issue.path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')}: `;
}

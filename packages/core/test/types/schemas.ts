import type { StandardSchemaV1 } from '@standard-schema/spec';

/** A Standard Schema, by hand: `parse` answers the output, or `undefined` for what does not match. */
export function schemaOf<I, O>(parse: (value: unknown) => O | undefined): StandardSchemaV1<I, O> {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate(value) {
        const parsed = parse(value);
        return parsed === undefined ? { issues: [{ message: 'does not match' }] } : { value: parsed };
      },
    },
  };
}

/** Callers give a text, handlers take a number. */
export const Count = schemaOf<string, number>((value) => (typeof value === 'string' ? Number(value) : undefined));

// Fields of an API, as forms show them.
import type { JsonValue } from '@backstage/types';

/** The schema of a field, as a custom resource definition has it. */
export type Schema = {
  type?: string;
  title?: string;
  description?: string;
  default?: JsonValue;
  enum?: JsonValue[];
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  multipleOf?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  oneOf?: Schema[];
  anyOf?: Schema[];
  'x-kubernetes-int-or-string'?: boolean;
  /** What the API server checks besides, in a language of its own. */
  'x-kubernetes-validations'?: { rule: string; message?: string }[];
};

/** A field of an API, in a line. */
export type Field = { path: string; type: string; required: boolean; default?: string; description?: string };

/** What the page of an API shows. */
export type ApiDefinition = { kind: string; template: string; fields: Field[] };

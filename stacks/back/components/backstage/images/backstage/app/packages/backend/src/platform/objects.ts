// Objects of the cluster: of each kind, those parts that the portal reads.
import type { PolicyResult, Schema } from '@backstack/common';

/** An object of any kind. */
export type KubeObject = {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string }[];
    creationTimestamp?: string;
  };
};

/** What names an object. */
export type Reference = { apiVersion: string; kind: string; name: string; namespace?: string };

export type Condition = { type: string; status?: string; message?: string };

/** A version of a custom resource definition or of a composite one. */
export type Version = {
  name: string;
  served?: boolean;
  referenceable?: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: Schema };
};

/** A custom resource definition. */
export type Crd = KubeObject & {
  spec: { group: string; names: { kind: string }; versions: Version[] };
};

/** A composite resource definition: an API that people order with. */
export type Xrd = KubeObject & {
  spec: {
    group: string;
    names: { kind: string };
    scope?: string;
    versions?: Version[];
    defaultCompositionRef?: { name: string };
  };
  status?: { conditions?: Condition[] };
};

export type Composition = KubeObject & { spec: { compositeTypeRef?: { kind: string } } };

/** What was ordered. */
export type Composite = KubeObject & {
  spec?: { crossplane?: { resourceRefs?: Reference[]; compositionRef?: { name: string } } };
};

/** Argo CD's Application. */
export type Application = KubeObject & {
  spec: {
    project?: string;
    source?: ApplicationSource;
    sources?: ApplicationSource[];
    syncPolicy?: { automated?: { prune?: boolean }; syncOptions?: string[] };
  };
  /** What Argo CD is asked to do, until it begins. */
  operation?: object;
  status?: ApplicationStatus;
};

export type ApplicationSource = { repoURL?: string; path?: string; directory?: { include?: string } };

export type ApplicationStatus = {
  sync?: { status?: string; revision?: string };
  health?: { status?: string; message?: string };
  conditions?: Condition[];
  resources?: { group?: string; kind: string; namespace?: string; name: string; status?: string }[];
  history?: { revision?: string; deployedAt?: string }[];
  operationState?: {
    phase?: string;
    message?: string;
    finishedAt?: string;
    syncResult?: { resources?: { status?: string; message?: string }[] };
  };
};

/** A report of policies about one object, or about several. */
export type PolicyReport = KubeObject & {
  scope?: Judged;
  results?: ReportedResult[];
};

export type Judged = { kind: string; name: string; uid?: string };

/** A result as Kyverno writes it down: the same but for whom and when. */
export type ReportedResult = Omit<PolicyResult, 'resources' | 'time'> & { resources?: Judged[]; timestamp?: { seconds?: number } };

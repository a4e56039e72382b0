// Catalog provider: a template for every composite API of the cluster.
import { LoggerService } from '@backstage/backend-plugin-api';
import { stringifyError } from '@backstage/errors';
import { EntityProvider, EntityProviderConnection } from '@backstage/plugin-catalog-node';
import { Kube } from './kube';
import { AppProject, ruleOf } from './namespaceField';
import { Composition, Xrd } from './objects';
import { ENVIRONMENT_LABEL, isEstablished, isOffered, templatesOf } from './templates';

const EXTENSIONS = '/apis/apiextensions.crossplane.io';
const PROJECTS = '/apis/argoproj.io/v1alpha1/appprojects';
const ORIGIN = 'kubernetes:compositeresourcedefinitions';

export class TemplateProvider implements EntityProvider {
  private last = '';

  private connection?: EntityProviderConnection;

  constructor(private readonly kube: Kube, private readonly logger: LoggerService) {}

  getProviderName() {
    return 'backstack-templates';
  }

  async connect(connection: EntityProviderConnection) {
    this.connection = connection;
    await this.refresh();
  }

  /** With the next look everything is brought anew: what somebody took away by hand comes back. */
  forget() {
    this.last = '';
  }

  /** Never throws: the next change, or the next regular look, makes good what this one could not. */
  async refresh() {
    if (!this.connection) return;
    try {
      const [xrds, compositions, namespaces, projects] = await Promise.all([
        this.kube.list<Xrd>(`${EXTENSIONS}/v2/compositeresourcedefinitions`),
        this.kube.list<Composition>(`${EXTENSIONS}/v1/compositions`),
        this.kube.list(`/api/v1/namespaces?labelSelector=${encodeURIComponent(ENVIRONMENT_LABEL)}`),
        this.kube.list<AppProject>(PROJECTS),
      ]);
      namespaces.sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
      const rule = ruleOf(projects);
      const offered = xrds.filter(xrd => isEstablished(xrd) && isOffered(xrd));
      const entities = offered.flatMap(xrd => templatesOf({ xrd, compositions, namespaces, rule }));
      for (const entity of entities) {
        entity.metadata.annotations = {
          ...entity.metadata.annotations,
          'backstage.io/managed-by-location': ORIGIN,
          'backstage.io/managed-by-origin-location': ORIGIN,
        };
      }
      const now = JSON.stringify(entities);
      if (now === this.last) return;
      await this.connection.applyMutation({
        type: 'full',
        entities: entities.map(entity => ({ entity, locationKey: this.getProviderName() })),
      });
      this.last = now;
      this.logger.info(`offering ${entities.length} templates from ${xrds.length} composite APIs`);
    } catch (error) {
      this.logger.warn(`templates are not renewed: ${stringifyError(error)}`);
    }
  }
}

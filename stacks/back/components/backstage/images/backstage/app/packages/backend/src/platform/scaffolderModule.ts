// Scaffolder module: the action with which templates open pull requests.
import { coreServices, createBackendModule } from '@backstage/backend-plugin-api';
import { assertError, ConflictError } from '@backstage/errors';
import { createTemplateAction, scaffolderActionsExtensionPoint } from '@backstage/plugin-scaffolder-node';
import { Gitea } from './gitea';
import { branchPrefix, manifestPath, newManifest } from './manifest';
import { isMap } from './schema';

export function orderAction(gitea: Gitea) {
  return createTemplateAction({
    id: 'backstack:order',
    description: 'Asks for a resource: opens a pull request that adds its manifest to the Git repository of the cluster.',
    schema: {
      input: {
        apiVersion: z => z.string().describe('API version, as `platform.backstack.dev/v1alpha1`'),
        kind: z => z.string(),
        name: z => z.string(),
        namespace: z => z.string().optional().describe('None for cluster-wide kinds'),
        composition: z => z.string().optional().describe('Composition to make it with; the default one if left out'),
        owner: z => z.string().optional().describe('Group or user whose it is, as `group:default/developers`; that of the namespace if left out'),
        spec: z => z.unknown().optional(),
      },
      output: {
        url: z => z.string().describe('Address of the pull request'),
        number: z => z.number(),
        path: z => z.string().describe('File in the repository'),
      },
    },
    handler: ctx =>
      inWords(async () => {
        const { spec, composition, owner, ...reference } = ctx.input;
        const order = { ...reference, spec: isMap(spec) ? spec : undefined, composition: composition || undefined, owner: owner || undefined };
        const path = manifestPath(order);
        if (await gitea.file(path)) {
          throw new ConflictError(`${order.kind} ${order.name} exists already: change it on its own page, or choose another name`);
        }
        const manifest = newManifest(order);
        ctx.logger.info(`${path}:\n${manifest}`);
        const title = `Add ${order.kind} ${order.name}${order.namespace ? ` to ${order.namespace}` : ''}`;
        const who = ctx.user?.ref ?? 'somebody';
        const how = order.composition ? `, made by the composition \`${order.composition}\`` : '';
        const body = `Ordered in the portal by \`${who}\`: one ${order.kind}${how}, as \`${path}\` says.`;
        if (ctx.isDryRun) return;
        const request = await gitea.propose(branchPrefix(order), title, body, [{ path, content: manifest }]);
        ctx.logger.info(`pull request ${request.number}: ${request.url}`);
        ctx.output('url', request.url);
        ctx.output('number', request.number);
        ctx.output('path', path);
      }),
  });
}

/** Does something; when it fails, people are told why, and not where in the program. */
async function inWords(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    assertError(error);
    error.stack = '';
    throw error;
  }
}

export default createBackendModule({
  pluginId: 'scaffolder',
  moduleId: 'backstack-order',
  register(reg) {
    reg.registerInit({
      deps: { actions: scaffolderActionsExtensionPoint, config: coreServices.rootConfig },
      init({ actions, config }) {
        actions.addActions(orderAction(Gitea.fromConfig(config)));
        return Promise.resolve();
      },
    });
  },
});

// Parts of Backstage's pages that not everybody needs: the tools with which templates are written are for whoever may use them.
import { coreExtensionData, createFrontendModule } from '@backstage/frontend-plugin-api';
import scaffolderPlugin from '@backstage/plugin-scaffolder/alpha';
import { Templates } from './platform/Templates';

const forEngineers = { if: { permissions: { $contains: 'scaffolder.template.management' } } };
const forOrders = { if: { permissions: { $contains: 'scaffolder.task.create' } } };

export const tools = createFrontendModule({
  pluginId: 'scaffolder',
  extensions: [
    scaffolderPlugin.getExtension('sub-page:scaffolder/actions').override(forEngineers),
    scaffolderPlugin.getExtension('sub-page:scaffolder/editor').override(forEngineers),
    scaffolderPlugin.getExtension('sub-page:scaffolder/templating-extensions').override(forEngineers),
    scaffolderPlugin.getExtension('sub-page:scaffolder/templates').override({
      factory(originalFactory) {
        const original = originalFactory();
        return [...original, coreExtensionData.reactElement(<Templates others={original.get(coreExtensionData.reactElement)} />)];
      },
    }),
    // Orders end there: it tells how they go.
    scaffolderPlugin.getExtension('sub-page:scaffolder/tasks').override(forOrders),
  ],
});

// Search module: the engine, and the platform's documentation as something to find. What is in the catalog comes from
// Backstage's own module.
import { Readable } from 'node:stream';
import { coreServices, createBackendModule } from '@backstage/backend-plugin-api';
import { searchEngineRegistryExtensionPoint, searchIndexRegistryExtensionPoint } from '@backstage/plugin-search-backend-node/alpha';
import { DocumentCollatorFactory, IndexableDocument } from '@backstage/plugin-search-common';
import { Docs } from './docs';
import { PortalSearchEngine } from './searchEngine';
import { sections } from './sections';

/** The type of what is found in the documentation. */
export const DOCS = 'docs';

export class DocsCollator implements DocumentCollatorFactory {
  readonly type = DOCS;

  constructor(private readonly docs: Docs) {}

  getCollator(): Promise<Readable> {
    return Promise.resolve(Readable.from(this.documents()));
  }

  private async *documents(): AsyncGenerator<IndexableDocument & { page: string }> {
    for (const page of await this.docs.pages()) {
      if (isSlides(page.path)) continue;
      for (const { title, anchor, text } of sections(await this.docs.page(page.path))) {
        yield { title: title || page.title, text, location: `/docs/${page.path}${anchor ? `#${anchor}` : ''}`, page: page.title };
      }
    }
  }
}

/** What is on slides is on other pages too, where it is explained. */
function isSlides(path: string): boolean {
  return path.split('/').slice(0, -1).includes('slides');
}

export default createBackendModule({
  pluginId: 'search',
  moduleId: 'backstack-docs',
  register(reg) {
    reg.registerInit({
      deps: {
        config: coreServices.rootConfig,
        engines: searchEngineRegistryExtensionPoint,
        index: searchIndexRegistryExtensionPoint,
        logger: coreServices.logger,
        scheduler: coreServices.scheduler,
      },
      init({ config, engines, index, logger, scheduler }) {
        engines.setSearchEngine(new PortalSearchEngine({ logger }));
        // They come with the platform, and change when it is changed. What was found is in this process's memory: `local`, or a
        // process that starts would wait for the hour of the one before.
        const times = { frequency: { hours: 1 }, timeout: { minutes: 1 }, initialDelay: { seconds: 5 }, scope: 'local' as const };
        index.addCollator({ schedule: scheduler.createScheduledTaskRunner(times), factory: new DocsCollator(new Docs(config.getString('backstack.docs'))) });
        return Promise.resolve();
      },
    });
  },
});

// Back end of the portal's own cards and pages, and of what people are told.
import { AuthService, coreServices, createBackendPlugin, LoggerService } from '@backstage/backend-plugin-api';
import { Entity } from '@backstage/catalog-model';
import { Config } from '@backstage/config';
import { catalogServiceRef } from '@backstage/plugin-catalog-node';
import { eventsServiceRef } from '@backstage/plugin-events-node';
import { notificationService, NotificationService } from '@backstage/plugin-notifications-node';
import { signalsServiceRef } from '@backstage/plugin-signals-node';
import { Book } from './book';
import { CHANGES } from './catalogModule';
import { Docs } from './docs';
import { PICTURES } from './docsRoutes';
import { Gitea } from './gitea';
import { HealthNews } from './healthNews';
import { Herald } from './herald';
import { HOOK, hookRoute } from './hook';
import { Judge } from './judge';
import { Kube } from './kube';
import { Learners } from './learners';
import { Notice } from './notices';
import { changePermission, syncPermission } from './permissions';
import { PullNews } from './pullNews';
import { Context, router } from './router';
import { THING_FIELDS, versionNews } from './versionNews';
import { WebPages } from './webPages';

/** The channel on which pages hear that a learner has come further. */
const COURSE = 'backstack:workshop';

export default createBackendPlugin({
  pluginId: 'backstack',
  register(reg) {
    reg.registerInit({
      deps: {
        auth: coreServices.auth,
        catalog: catalogServiceRef,
        config: coreServices.rootConfig,
        database: coreServices.database,
        events: eventsServiceRef,
        http: coreServices.httpRouter,
        httpAuth: coreServices.httpAuth,
        lifecycle: coreServices.lifecycle,
        logger: coreServices.logger,
        notifications: notificationService,
        permissions: coreServices.permissions,
        permissionsRegistry: coreServices.permissionsRegistry,
        signals: signalsServiceRef,
        userInfo: coreServices.userInfo,
      },
      async init({ auth, config, database, events, http, lifecycle, logger, notifications, permissionsRegistry, signals, ...services }) {
        const platform = await settings(config);
        const told = () => void signals.publish({ recipients: { type: 'broadcast' }, channel: COURSE, message: {} });
        const learners = new Learners(platform.kube, told, logger);
        const entities = () => things(services.catalog, auth);
        const herald = heraldOf({ platform, config, book: await Book.open(database), entities, notifications, logger });
        permissionsRegistry.addPermissions([changePermission, syncPermission]);
        http.addAuthPolicy({ path: PICTURES, allow: 'unauthenticated' });
        http.addAuthPolicy({ path: HOOK, allow: 'unauthenticated' });
        http.use(hookRoute(config.getString('backstack.git.webhookSecret'), () => herald.pullsChanged()));
        http.use(router({ ...services, ...platform, learners, logger }));
        lifecycle.addStartupHook(async () => {
          await events.subscribe({
            id: 'backstack-herald',
            topics: [CHANGES],
            onEvent: ({ eventPayload }) => Promise.resolve(herald.changed((eventPayload as { kind: string }).kind)),
          });
          await herald.start();
        });
        lifecycle.addShutdownHook(() => {
          herald.stop();
          learners.stop();
        });
      },
    });
  },
});

type Platform = Omit<Context, 'catalog' | 'httpAuth' | 'learners' | 'logger' | 'permissions' | 'userInfo'>;

async function settings(config: Config): Promise<Platform> {
  const gitea = Gitea.fromConfig(config);
  return {
    kube: await Kube.fromConfig(config),
    judge: Judge.fromConfig(config),
    gitea,
    repositories: (config.getOptionalStringArray('backstack.git.reviewed') ?? []).map(each => gitea.of(each)),
    docs: new Docs(config.getString('backstack.docs')),
    argo: WebPages.fromConfig(config.getConfig('backstack.argocd')),
    platformUrl: config.getString('app.baseUrl'),
    approvers: config.getOptionalStringArray('backstack.git.approvers') ?? [],
  };
}

/** What may stand for something in the cluster, on nobody's behalf. */
async function things(catalog: typeof catalogServiceRef.T, auth: AuthService): Promise<Entity[]> {
  const credentials = await auth.getOwnServiceCredentials();
  const filter = { kind: ['Component', 'Resource'] };
  return (await catalog.getEntities({ filter, fields: THING_FIELDS }, { credentials })).items;
}

type HeraldFacts = {
  platform: Platform;
  config: Config;
  book: Book;
  entities: () => Promise<Entity[]>;
  notifications: NotificationService;
  logger: LoggerService;
};

function heraldOf({ platform, config, book, entities, notifications, logger }: HeraldFacts): Herald {
  const { kube, judge, gitea, repositories } = platform;
  const reviewers = config.getOptionalStringArray('backstack.git.reviewers') ?? [];
  const own = new PullNews(gitea, reviewers, book);
  return new Herald({
    book,
    pulls: [own, ...repositories.map(each => new PullNews(each, reviewers, book))],
    health: new HealthNews({ book, kube, diagnosis: () => judge.diagnosis(), entities, authorFor: path => own.authorFor(path) }),
    versions: () => versionNews(kube, gitea, entities),
    send: notice => send(notifications, notice),
    logger,
  });
}

function send(notifications: NotificationService, { key, to, except, title, text, link, topic, severity }: Notice): Promise<void> {
  return notifications.send({
    recipients: { type: 'entity', entityRef: to, excludeEntityRef: except },
    payload: { title, description: text, link, topic, severity, scope: key },
  });
}

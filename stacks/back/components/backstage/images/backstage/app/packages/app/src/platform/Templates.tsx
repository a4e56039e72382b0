// What is below /create/templates: the forms of orders are our own, and everything else is Backstage's.
import { lazy, ReactNode, Suspense, useEffect, useState } from 'react';
import { Entity } from '@backstage/catalog-model';
import { Progress } from '@backstage/core-components';
import { useApi } from '@backstage/frontend-plugin-api';
import { catalogApiRef } from '@backstage/plugin-catalog-react';
import { matchPath, useLocation } from 'react-router-dom';
import { template } from './entities';

const OrderPage = lazy(() => import('./OrderPage').then(({ OrderPage: page }) => ({ default: page })));

export function Templates({ others }: { others: ReactNode }) {
  const { pathname } = useLocation();
  const { namespace, name } = matchPath('/create/templates/:namespace/:name', pathname)?.params ?? {};
  if (!namespace || !name) return <>{others}</>;
  return <One key={`${namespace}/${name}`} namespace={namespace} name={name} others={others} />;
}

function One({ namespace, name, others }: { namespace: string; name: string; others: ReactNode }) {
  const catalog = useApi(catalogApiRef);
  const [found, setFound] = useState<{ entity?: Entity }>();
  useEffect(() => {
    let gone = false;
    const tell = (entity?: Entity) => !gone && setFound({ entity });
    catalog.getEntityByRef({ kind: 'Template', namespace, name }).then(tell, () => tell());
    return () => {
      gone = true;
    };
  }, [catalog, namespace, name]);
  if (!found) return <Progress />;
  if (!found.entity || !template.kind(found.entity)) return <>{others}</>;
  return (
    <Suspense fallback={<Progress />}>
      <OrderPage template={{ namespace, name, title: found.entity.metadata.title ?? name }} />
    </Suspense>
  );
}

// A guest looks around: finds apps and people, and may change nothing, neither with a button nor without.
import { url, walk } from './platform.js';

const APP = '/catalog/demo/component/my-app';

/** The status of the answer to what a page's script could send in the guest's name. */
async function answerTo(visitor, route, body) {
  const { backstageIdentity: { token } } = await (await fetch(`${url}/api/auth/guest/refresh`)).json();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return (await fetch(`${url}${route}`, { method: 'POST', headers, body: JSON.stringify(body) })).status;
}

await walk('guest', [
  ['enters', async visitor => {
    await visitor.open('/');
    await visitor.page.getByRole('button', { name: 'Enter' }).click();
    await visitor.page.getByRole('heading', { name: /Welcome to your platform/ }).waitFor();
  }],
  ['reads about an app, and is offered no change', async visitor => {
    await visitor.open(APP);
    await visitor.page.getByRole('button', { name: 'Sign in to change it' }).waitFor();
    await visitor.page.getByRole('button', { name: 'Sign in to order' }).waitFor();
    if (await visitor.page.getByRole('button', { name: 'Delete' }).count()) throw new Error('a guest is offered to delete');
    await visitor.expectNoFault();
    await visitor.picture('portal-guest');
  }],
  ['is refused what is not offered', async visitor => {
    const sent = {
      '/api/backstack/entity/component/demo/my-app/actions': { action: 'delete', sha: 'x' },
      '/api/backstack/entity/component/demo/my-app/manifest': { sha: 'x', version: 'v1alpha1', spec: {} },
      '/api/scaffolder/v2/tasks': { templateRef: 'template:default/apps.platform.backstack.dev-v1alpha1', values: { name: 'x', namespace: 'demo' } },
    };
    for (const [route, body] of Object.entries(sent)) {
      const status = await answerTo(visitor, route, body);
      if (status !== 403) throw new Error(`${route} answers ${status} to a guest`);
    }
  }],
  ['finds who owns it', async visitor => {
    await visitor.open('/catalog/default/group/developers');
    await visitor.page.getByText('Developer', { exact: true }).first().waitFor();
    await visitor.expectNoFault();
    await visitor.picture('portal-group');
  }],
]);

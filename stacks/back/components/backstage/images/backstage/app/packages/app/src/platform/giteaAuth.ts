// Sign-in with an account of the platform's Git server, and what a person may do there with it.
import { useCallback } from 'react';
import { BackstageIdentityApi, OAuthApi, OpenIdConnectApi, ProfileInfoApi, SessionApi } from '@backstage/core-plugin-api';
import { createApiRef, fetchApiRef, useApi } from '@backstage/frontend-plugin-api';

type GiteaAuth = OAuthApi & OpenIdConnectApi & ProfileInfoApi & BackstageIdentityApi & SessionApi;

export const giteaAuthRef = createApiRef<GiteaAuth>({ id: 'auth.gitea' });

/** The server merges only after checks, its own and the platform's, which it may just be making. */
const MERGED_WITHIN = 90_000;
const PAUSE = 1_500;
const NOT_YET = /try again|status checks|out of date/i;
/** It refuses so what it will take a moment later: while checks run, or while it merges something else there. */
const BUSY = [405, 409, 500, 502, 503];

/** Approves and merges a pull request with the person's own token: Git has the last word on whether they may. */
export function useApproval(): (api: string) => Promise<void> {
  const auth = useApi(giteaAuthRef);
  const { fetch } = useApi(fetchApiRef);
  return useCallback(
    async api => {
      const token = await auth.getAccessToken();
      const post = (route: string, body: object) => fetch(`${api}/${route}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      await must(await post('reviews', { event: 'APPROVED', body: 'Approved in the portal.' }));
      for (const end = Date.now() + MERGED_WITHIN; ; ) {
        const answer = await post('merge', { Do: 'merge', delete_branch_after_merge: true });
        const notYet = BUSY.includes(answer.status) && (answer.status >= 500 || NOT_YET.test(await answer.clone().text()));
        if (!notYet || Date.now() > end) return must(answer);
        await new Promise(resolve => setTimeout(resolve, PAUSE));
      }
    },
    [auth, fetch],
  );
}

async function must(answer: Response) {
  if (answer.ok) return;
  const { message } = (await answer.json().catch(() => ({}))) as { message?: string };
  throw new Error(`Git refuses it: ${message || `it answered ${answer.status}`}`);
}

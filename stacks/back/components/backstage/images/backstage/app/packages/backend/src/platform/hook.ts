// Where the Git server tells what happens, so that nobody has to ask it again and again.
import { createHmac, timingSafeEqual } from 'node:crypto';
import express from 'express';

/** Gitea is no user of the portal: it signs what it sends. */
export const HOOK = '/git';

/** `told` is called for whatever is signed; what has happened is asked of the Git server itself. */
export function hookRoute(secret: string, told: () => void): express.Router {
  const routes = express.Router();
  routes.post(HOOK, express.raw({ type: () => true, limit: '4mb' }), (request, answer) => {
    if (!isSigned(request.body as Buffer, request.get('x-gitea-signature') ?? '', secret)) {
      answer.status(403).json({ error: { name: 'NotAllowedError', message: 'the signature is wrong' } });
      return;
    }
    told();
    answer.json({});
  });
  return routes;
}

function isSigned(body: Buffer, signature: string, secret: string): boolean {
  const wanted = createHmac('sha256', secret).update(Buffer.isBuffer(body) ? body : '').digest();
  const given = Buffer.from(signature, 'hex');
  return secret !== '' && given.length === wanted.length && timingSafeEqual(given, wanted);
}

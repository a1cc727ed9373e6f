// Owns the test of what was entered and could not be saved: it outlives the login.

import { expect, test } from 'vitest';
import { useToasts } from '../../../ui/components/useToasts.ts';
import { useSession } from '../../../ui/live/useSession.ts';
import { emptyDraft } from '../../../ui/pages/mapping/mappingDraft.ts';
import { handOver, useKeptDraft } from '../../../ui/pages/mapping/useKeptDraft.ts';
import { useMappingForm } from '../../../ui/pages/mapping/useMappingForm.ts';
import { NOW } from '../../support/hubTells.ts';
import { inComponent, openBrowser } from '../support/browserStage.ts';

const LOGIN = { username: 'admin', password: 'secret' };
const KEPT = 'The login has ended. What you entered is kept until you log in again.';
const BACK = 'What you had entered is in the form again. It is not saved yet.';

/** Somebody is logged in; `open` is the form of one path. */
async function openStage() {
  const browser = openBrowser();
  browser.answer = () => Response.json({ token: 'x', expiresAt: NOW });
  const session = useSession();
  const { toasts } = useToasts();
  await session.enter(LOGIN);
  return {
    logIn: () => session.enter(LOGIN),
    logOut: session.forget,
    says: () => toasts.value.at(-1)?.text,
    open(path: string) {
      const { made, end } = inComponent(() => {
        const form = useMappingForm(emptyDraft());
        useKeptDraft(form, path);
        return form;
      });
      const type = (name: string) => (made.draft.value = { ...made.draft.value, name });
      return { form: made, type, end };
    },
  };
}

test('what was entered when the login ended is in the form again, once, and both is said', async () => {
  const { open, logIn, logOut, says } = await openStage();
  const before = open('/mappings/new');
  before.type('Entered');
  logOut();
  expect(says()).toBe(KEPT);
  before.end();
  await logIn();
  const after = open('/mappings/new');
  expect([after.form.draft.value.name, after.form.isDirty.value, says()]).toEqual(['Entered', true, BACK]);
  after.end();
  expect(open('/mappings/new').form.isDirty.value).toBe(false);
});

test('a form in which nothing was entered is not kept', async () => {
  const { open, logIn, logOut } = await openStage();
  open('/mappings/new');
  logOut();
  await logIn();
  expect(open('/mappings/new').form.isDirty.value).toBe(false);
});

test('what was typed while a mapping was created is in the form of that mapping', async () => {
  const { open } = await openStage();
  const { form, type } = open('/mappings/new');
  type('Typed since');
  handOver('id', form);
  expect(form.isDirty.value).toBe(false);
  expect(open('/mappings/id').form.draft.value.name).toBe('Typed since');
});

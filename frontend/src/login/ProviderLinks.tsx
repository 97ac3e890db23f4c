import { LogIn } from 'lucide-react';
import type { AuthProvider } from '~/api/types';
import { useT } from '~/i18n/useT';
import { LinkButton } from '~/ui/Button';

/** The ways to the school's identity providers, the first one first. */
export function ProviderLinks({ providers, next }: { providers: AuthProvider[]; next: string }) {
  const t = useT();
  return providers.map((provider, index) => (
    <LinkButton key={provider.id} look={index === 0 ? 'primary' : 'secondary'} icon={LogIn} wide href={wayTo(provider, next)}>
      {t('login.with', { name: provider.name })}
    </LinkButton>
  ));
}

/** Where a browser begins that comes back to a page of ours. */
export const wayTo = ({ url }: AuthProvider, next: string) => `${url}&next=${encodeURIComponent(next)}`;

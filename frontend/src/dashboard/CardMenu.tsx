import { EllipsisVertical } from 'lucide-react';
import { lazy } from 'react';
import { useT } from '~/i18n/useT';
import { IconButton } from '~/ui/Button';
import { LateMenu } from '~/ui/LateMenu';
import type { CardMenuListProps } from './CardMenuList';

const CardMenuList = lazy(() => import('./CardMenuList'));

/** What else can be done with a desktop. */
export function CardMenu(props: Omit<CardMenuListProps, 'trigger' | 'open'>) {
  const t = useT();
  const trigger = <IconButton icon={EllipsisVertical} label={t('cardMenu.label', { name: props.name })} />;
  return <LateMenu trigger={trigger}>{(trigger, open) => <CardMenuList {...props} trigger={trigger} open={open} />}</LateMenu>;
}

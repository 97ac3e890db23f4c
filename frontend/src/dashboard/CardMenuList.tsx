import { CircleStop, RotateCcw, Trash2, X } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import type { Desktop, Template } from '~/api/types';
import { isOnItsWay } from '~/desktop/stateView';
import type { DesktopAction } from '~/desktop/useDesktopAction';
import { useT } from '~/i18n/useT';
import { Menu, MenuItem, MenuLine } from '~/ui/Menu';
import { type Loss, LossDialog } from './LossDialog';

export type CardMenuListProps = {
  desktop: Desktop;
  name: string;
  home: Template['home'];
  run: (action: DesktopAction) => void;
  trigger: ReactElement;
  open: boolean;
};

/** All that costs something asks first. */
export default function CardMenuList({ desktop, name, home, run, trigger, open }: CardMenuListProps) {
  const t = useT();
  const [asking, setAsking] = useState<Loss>();
  return (
    <>
      <Menu label={t('cardMenu.label', { name })} trigger={trigger} open={open}>
        {isOnItsWay(desktop) && (
          <MenuItem icon={X} onAction={() => { run('stop'); }}>
            {t('action.abort')}
          </MenuItem>
        )}
        {desktop.state === 'running' && (
          <MenuItem icon={CircleStop} onAction={() => { setAsking('stop'); }}>
            {t('cardMenu.stop')}
          </MenuItem>
        )}
        <MenuItem icon={RotateCcw} onAction={() => { setAsking('reset'); }}>
          {t('cardMenu.reset')}
        </MenuItem>
        <MenuLine />
        <MenuItem icon={Trash2} danger onAction={() => { setAsking('remove'); }}>
          {t('cardMenu.remove')}
        </MenuItem>
      </Menu>
      {asking && <LossDialog loss={asking} name={name} home={home} onConfirm={() => { run(asking); }} onClose={() => { setAsking(undefined); }} />}
    </>
  );
}

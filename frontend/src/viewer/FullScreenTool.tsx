import { Maximize, Minimize } from 'lucide-react';
import { useT } from '~/i18n/useT';
import { Tool } from './Tool';
import { useFullScreen } from './useFullScreen';

/** Leads into full screen and out of it, where the browser can; then on to the desktop. */
export function FullScreenTool({ onToggled }: { onToggled: () => void }) {
  const t = useT();
  const { possible, active, toggle } = useFullScreen();
  if (!possible) return null;
  return (
    <Tool
      icon={active ? Minimize : Maximize}
      label={t(active ? 'toolbar.leaveFullScreen' : 'toolbar.fullScreen')}
      onPress={() => {
        toggle();
        onToggled();
      }}
    />
  );
}

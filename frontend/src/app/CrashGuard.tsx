import { RotateCw } from 'lucide-react';
import { Component, type ReactNode } from 'react';
import { useT } from '~/i18n/useT';
import { Button } from '~/ui/Button';
import { Situation } from '~/ui/Situation';

/** A fault of ours ends here, with a way on, and not on a white page. */
export class CrashGuard extends Component<{ children: ReactNode }, { crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError() {
    return { crashed: true };
  }

  override render() {
    return this.state.crashed ? <Crashed /> : this.props.children;
  }
}

function Crashed() {
  const t = useT();
  return (
    <main>
      <title>Pult</title>
      <Situation
        mood="broken"
        title={t('crash.title')}
        actions={
          <Button look="primary" icon={RotateCw} onPress={() => { window.location.reload(); }}>
            {t('action.reload')}
          </Button>
        }
      >
        <p>{t('crash.text')}</p>
      </Situation>
    </main>
  );
}

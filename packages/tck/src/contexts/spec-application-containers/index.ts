import type { TckContext } from '../../context';

export const context: TckContext = { root: '/wsc_spec_application_containers_web' };

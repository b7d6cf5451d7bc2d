import type { TckContext } from '../../context';

export const context: TckContext = { root: '/wsc_spec_configuration_urimatching_web' };

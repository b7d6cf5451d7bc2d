/** What the client of the tests asks for. */
export const REQUESTED: readonly string[] = ['MBWS.huawei.com', 'soap', 'v10.stomp'];
/** What the endpoint supports; two of them are asked for. */
export const SUPPORTED: readonly string[] = ['MBLWS.huawei.com', 'wamp', 'v11.stomp', 'v10.stomp', 'soap'];

/** The subprotocols that the tests' client requests. */
export const REQUESTED: readonly string[] = ['MBWS.huawei.com', 'soap', 'v10.stomp'];
/** The subprotocols that the endpoint supports. The client requests two of them. */
export const SUPPORTED: readonly string[] = ['MBLWS.huawei.com', 'wamp', 'v11.stomp', 'v10.stomp', 'soap'];

/**
 * Messages as systems of many kinds write them, made up for this file: by system, then by kind. What
 * stands in one list is of one kind, and of another than all other lists.
 */
export const CORPUS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'node errors': [
    [
      'Error: connect ECONNREFUSED 10.2.0.7:5432',
      'Error: connect ECONNREFUSED 127.0.0.1:6379',
      'Error: connect ECONNREFUSED ::1:5432',
    ],
    [
      'Error: getaddrinfo ENOTFOUND db.internal',
      'Error: getaddrinfo ENOTFOUND api.partner.example',
      'Error: getaddrinfo ENOTFOUND redis-0.cache.svc.cluster.local',
    ],
    [
      "Error: ENOENT: no such file or directory, open '/srv/app/tmp/a81f/report.csv'",
      "Error: ENOENT: no such file or directory, open 'C:\\work\\out.txt'",
    ],
    ["TypeError: Cannot read properties of undefined (reading 'name')"],
    ["TypeError: Cannot read properties of undefined (reading 'price')"],
    [
      'SyntaxError: Unexpected token < in JSON at position 0',
      'SyntaxError: Unexpected token } in JSON at position 1841',
    ],
    ['RangeError: Maximum call stack size exceeded'],
  ],
  'http client': [
    ['AxiosError: Request failed with status code 404'],
    ['AxiosError: Request failed with status code 500'],
    ['AxiosError: Request failed with status code 503'],
    ['AxiosError: timeout of 5000ms exceeded', 'AxiosError: timeout of 30000ms exceeded'],
    [
      'HTTPError: Response code 429 (Too Many Requests): https://api.shop.example/v2/orders?page=7',
      'HTTPError: Response code 429 (Too Many Requests): https://api.shop.example/v2/items',
    ],
    [
      'fetch https://a.example/x/1 answered 502 in 12 ms',
      'fetch https://b.example/y answered 502 in 3 s',
    ],
    [
      'fetch https://a.example/x/1 answered 504 in 31 s',
      'fetch https://b.example/y answered 504 in 30 s',
    ],
  ],
  postgres: [
    ['error: duplicate key value violates unique constraint "users_email_key"'],
    ['error: duplicate key value violates unique constraint "orders_pkey"'],
    ['error: relation "invoices" does not exist'],
    ['error: canceling statement due to statement timeout'],
    [
      'error: Key (email)=(ann@example.com) already exists.',
      'error: Key (email)=(bob.lee@mail.example.org) already exists.',
    ],
    [
      'FATAL: password authentication failed for user "app"',
      'FATAL: password authentication failed for user "reporting"',
    ],
    [
      'deadlock detected: Process 4211 waits for ShareLock on transaction 99120; blocked by process 4213.',
      'deadlock detected: Process 77 waits for ShareLock on transaction 1; blocked by process 8.',
    ],
    [
      'invalid input syntax for type uuid: "not-a-uuid"',
      'invalid input syntax for type uuid: "42"',
    ],
  ],
  'web server log': [
    [
      '10.1.1.9 - - [12/Oct/2025:06:25:24 +0000] "GET /img/a.png HTTP/1.1" 404 153 "-" "curl/8.4"',
      '192.0.2.77 - - [01/Jan/2026:00:00:01 +0000] "GET /admin.php HTTP/1.1" 404 9 "-" "Mozilla/5.0 (X11)"',
    ],
    [
      '10.1.1.9 - - [12/Oct/2025:06:25:24 +0000] "GET /img/a.png HTTP/1.1" 500 153 "-" "curl/8.4"',
      '198.51.100.4 - - [02/Feb/2026:10:11:12 +0000] "GET /pay HTTP/1.1" 500 0 "-" "bot"',
    ],
    [
      '10.1.1.9 - - [12/Oct/2025:06:25:24 +0000] "POST /pay HTTP/1.1" 500 153 "-" "curl/8.4"',
      '10.3.1.9 - - [13/Oct/2025:06:25:24 +0000] "POST /refund HTTP/1.1" 500 1 "-" "x"',
    ],
    [
      '[error] 31#31: *8123 upstream timed out while reading response header from upstream, client: 10.0.0.4, server: shop.example.com',
      '[error] 7#7: *9 upstream timed out while reading response header from upstream, client: 10.9.8.7, server: pay.example.com',
    ],
    [
      '[error] 31#31: *8123 client intended to send too large body: 10485761 bytes',
      '[error] 2#2: *1 client intended to send too large body: 7 bytes',
    ],
    [
      '[warn] 2048 worker_connections are not enough',
      '[warn] 512 worker_connections are not enough',
    ],
  ],
  'ssh daemon': [
    [
      'Failed password for root from 203.0.113.9 port 41822 ssh2',
      'Failed password for ann from 203.0.113.10 port 22 ssh2',
      'Failed password for deploy from 2001:db8::17 port 50022 ssh2',
    ],
    [
      'Failed password for invalid user oracle from 203.0.113.9 port 41822 ssh2',
      'Failed password for invalid user git from 203.0.113.9 port 2 ssh2',
    ],
    ['Invalid user guest from 203.0.113.9', 'Invalid user pi from 198.51.100.70'],
    ['Connection closed by 203.0.113.9 [preauth]', 'Connection closed by 198.51.100.3 [preauth]'],
    [
      'pam_unix(sshd:session): session opened for user root by (uid=0)',
      'pam_unix(sshd:session): session opened for user ann by (uid=1000)',
    ],
    [
      'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=root',
      'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=mail.example.net  user=ann',
    ],
  ],
  'linux kernel': [
    [
      'Out of memory: Killed process 2211 (node) total-vm:9911224kB, anon-rss:2011224kB',
      'Out of memory: Killed process 9 (node) total-vm:1kB, anon-rss:2kB',
    ],
    [
      'EXT4-fs (sda1): mounted filesystem with ordered data mode',
      'EXT4-fs (nvme0n1p2): mounted filesystem with ordered data mode',
    ],
    [
      'usb 1-1.2: device descriptor read/64, error -71',
      'usb 3-4: device descriptor read/64, error -110',
    ],
    [
      'CPU3: Core temperature above threshold, cpu clock throttled (total events = 1821)',
      'CPU0: Core temperature above threshold, cpu clock throttled (total events = 2)',
    ],
    [
      'TCP: request_sock_TCP: Possible SYN flooding on port 8080. Sending cookies.',
      'TCP: request_sock_TCP: Possible SYN flooding on port 443. Sending cookies.',
    ],
  ],
  kubernetes: [
    [
      'Back-off restarting failed container api in pod api-7c9d4b5f8-xk2lp_shop(0b6f9e0e-52ad-4f4e-9d3a-1c8f2a8b1c11)',
      'Back-off restarting failed container api in pod api-5d8c-9qwzt_shop(9b6f9e0e-52ad-4f4e-9d3a-1c8f2a8b1c19)',
    ],
    ['Liveness probe failed: HTTP probe failed with statuscode: 503'],
    ['Liveness probe failed: HTTP probe failed with statuscode: 404'],
    [
      '0/5 nodes are available: 5 Insufficient memory.',
      '0/12 nodes are available: 12 Insufficient memory.',
    ],
    [
      'Failed to pull image "registry.example.com/shop/api:1.4.2": not found',
      'Failed to pull image "registry.example.com/shop/web:sha-91ac2f": not found',
    ],
    ['command terminated with exit code 137', 'command terminated with exit code 137'],
    ['command terminated with exit code 1'],
  ],
  'java services': [
    [
      'java.lang.NullPointerException: Cannot invoke "Order.total()" because "order" is null',
      'java.lang.NullPointerException: Cannot invoke "User.getName()" because "user" is null',
    ],
    [
      'org.hibernate.StaleObjectStateException: Row was updated by another transaction: [com.shop.Order#4711]',
      'org.hibernate.StaleObjectStateException: Row was updated by another transaction: [com.shop.Order#9]',
    ],
    [
      'HikariPool-1 - Connection is not available, request timed out after 30001ms.',
      'HikariPool-2 - Connection is not available, request timed out after 5000ms.',
    ],
    [
      'Session 0x14ed93111f20057 for server null, unexpected error, closing socket connection',
      'Session 0x24ed93111f2ff0a for server null, unexpected error, closing socket connection',
    ],
    ['java.net.SocketTimeoutException: Read timed out'],
  ],
  'data platform': [
    [
      'PacketResponder 1 for block blk_38865049064139660 terminating',
      'PacketResponder 0 for block blk_-6952295868487656571 terminating',
    ],
    [
      'Received block blk_3587508140051953248 of size 67108864 from /10.251.42.84',
      'Received block blk_-1 of size 1 from /10.0.0.1',
    ],
    [
      'Task attempt_1445062781478_0011_m_000000_0 is done. And is in the process of committing',
      'Task attempt_1_2_r_3_1 is done. And is in the process of committing',
    ],
    [
      'Starting task 3.0 in stage 11.0 (TID 411, worker-4, partition 3, PROCESS_LOCAL, 5843 bytes)',
      'Starting task 0.0 in stage 2.0 (TID 7, worker-1, partition 0, PROCESS_LOCAL, 99 bytes)',
    ],
    [
      'Lost executor 12 on worker-4.cluster.internal: Container killed by YARN for exceeding memory limits.',
      'Lost executor 3 on worker-9.cluster.internal: Container killed by YARN for exceeding memory limits.',
    ],
  ],
  'queue worker': [
    [
      'Job 5521 (send-mail) failed after 3 attempts',
      'Job 5522 (send-mail) failed after 5 attempts',
    ],
    [
      'Job 5521 (resize-image) failed after 3 attempts',
      'Job 12 (resize-image) failed after 1 attempts',
    ],
    [
      'Missing lock for job repeat:7d41f0:1764000000000. moveToFinished',
      'Missing lock for job 912. moveToFinished',
    ],
    [
      'Consumer group rebalance: partitions [0, 1, 2, 3] revoked',
      'Consumer group rebalance: partitions [7] revoked',
    ],
    [
      'Offset 991231 is out of range for partition orders-3',
      'Offset 4 is out of range for partition orders-11',
    ],
  ],
  payments: [
    [
      'StripeCardError: Your card was declined. (request req_9XkfQ2LmTz41aB)',
      'StripeCardError: Your card was declined. (request req_A1b2C3d4E5f6G7)',
    ],
    [
      'StripeCardError: Your card has insufficient funds. (request req_9XkfQ2LmTz41aB)',
      'StripeCardError: Your card has insufficient funds. (request req_1)',
    ],
    ["No such customer: 'cus_NffrFeUfNV2Hib'", "No such customer: 'cus_9s6XKzkNRiz8i3'"],
    ["No such payment_intent: 'pi_3MtwBwLkdIwHu7ix28a3tqPa'", "No such payment_intent: 'pi_1'"],
    ['Charge ch_3N for €12.50 refused by issuer', 'Charge ch_71 for €1,299.00 refused by issuer'],
    [
      'Webhook signature verification failed for event evt_1PqR',
      'Webhook signature verification failed for event evt_77',
    ],
  ],
  'json logs': [
    [
      '{"level":"error","time":1764000000000,"pid":31,"hostname":"web-1","msg":"cache write failed"}',
      '{"level":"error","time":1764000012345,"pid":7,"hostname":"alpha","msg":"cache write failed"}',
    ],
    [
      '{"level":"error","time":1764000000000,"pid":31,"hostname":"web-1","msg":"session expired"}',
      '{"level":"error","time":1,"pid":2,"hostname":"web-2","msg":"session expired"}',
    ],
    ['{"event":"login","user":"ann","status":403}', '{"event":"login","user":"bob","status":403}'],
    ['{"event":"login","user":"ann","status":500}', '{"event":"login","user":"bob","status":500}'],
    [
      'level=warn caller=retry.go:88 msg="request failed" attempt=2 err="connection reset"',
      'level=warn caller=retry.go:91 msg="request failed" attempt=7 err="connection reset"',
    ],
    [
      'level=warn caller=retry.go:88 msg="request failed" attempt=2 err="tls handshake timeout"',
      'level=warn caller=retry.go:88 msg="request failed" attempt=4 err="tls handshake timeout"',
    ],
  ],
  mail: [
    [
      '550 5.1.1 <ann@example.com>: Recipient address rejected: User unknown',
      '550 5.1.1 <x.y@mail.example.org>: Recipient address rejected: User unknown',
    ],
    [
      '3F2A11C0: to=<ann@example.com>, relay=mx1.example.com[192.0.2.1]:25, delay=1.2, status=deferred (connection timed out)',
      '9AB0: to=<b@example.net>, relay=mx.example.net[192.0.2.8]:25, delay=91, status=deferred (connection timed out)',
    ],
    [
      '3F2A11C0: to=<ann@example.com>, relay=mx1.example.com[192.0.2.1]:25, delay=1.2, status=bounced (mailbox full)',
      '77FF: to=<c@example.net>, relay=mx.example.net[192.0.2.8]:25, delay=2, status=bounced (mailbox full)',
    ],
    [
      'warning: hostname vps-17.example.net does not resolve to address 198.51.100.7',
      'warning: hostname mail.example.org does not resolve to address 198.51.100.9',
    ],
  ],
  python: [
    ["KeyError: 'customer_id'", "KeyError: 'sku'"],
    [
      'ValueError: invalid literal for int() with base 10: "abc"',
      'ValueError: invalid literal for int() with base 10: "12x"',
    ],
    [
      "AttributeError: 'NoneType' object has no attribute 'id'",
      "AttributeError: 'Order' object has no attribute 'id'",
    ],
    ["AttributeError: 'NoneType' object has no attribute 'total'"],
    [
      '  File "/srv/app/views.py", line 211, in checkout',
      '  File "/srv/app/models.py", line 9, in checkout',
    ],
    ['ConnectionResetError: [Errno 104] Connection reset by peer'],
    ['OSError: [Errno 28] No space left on device'],
  ],
  'mobile and browser': [
    [
      'ChunkLoadError: Loading chunk 17 failed. (error: https://cdn.example.com/assets/17.9f86d081.js)',
      'ChunkLoadError: Loading chunk 4 failed. (error: https://cdn.example.com/assets/4.0a1b2c3d.js)',
    ],
    ['ReferenceError: gtag is not defined'],
    ['ReferenceError: fbq is not defined'],
    ['NotAllowedError: play() failed because the user did not interact with the document first'],
    [
      'Unhandled promise rejection for device 4f:11:0a:9c:22:01 on iOS 18.1',
      'Unhandled promise rejection for device 00:11:22:33:44:55 on iOS 17.6.1',
    ],
    [
      'Battery level 12% at 2026-01-02T03:04:05Z',
      'Battery level 9% at 2025-11-30T23:59:59.123+01:00',
    ],
  ],
};

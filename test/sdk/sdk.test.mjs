// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// What a user of OrderCloud's own JavaScript SDK can do with the sandbox. The
// SDK is somebody else's idea of the API, so a wrong name on the wire shows
// here even where the sandbox and the operator's client agree on it.
//
// run.sh starts a sandbox for this. The marketplace is put back before every
// test, so each starts with the default seed (internal/sandbox/seed.yaml).

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import {
  AdminUserGroups,
  AdminUsers,
  ApiClients,
  Auth,
  Buyers,
  Configuration,
  ImpersonationConfigs,
  Me,
  SecurityProfiles,
  Tokens,
  UserGroups,
  Users,
} from 'ordercloud-javascript-sdk';

const {
  SANDBOX_URL: url,
  SANDBOX_CLIENT_ID: clientID,
  SANDBOX_CLIENT_SECRET: clientSecret,
} = process.env;
assert.ok(url && clientID && clientSecret, 'SANDBOX_URL, SANDBOX_CLIENT_ID and SANDBOX_CLIENT_SECRET say which sandbox; run.sh sets them');

// All that the seed's operator holds.
const operatorRoles = [
  'AdminUserGroupReader',
  'AdminUserReader',
  'ApiClientReader',
  'BuyerImpersonation',
  'BuyerReader',
  'BuyerUserAdmin',
  'BuyerUserReader',
  'SecurityProfileReader',
  'SetSecurityProfile',
  'UserGroupReader',
];
const walkInPassword = 'Sandbox-Walk-1n!';

/** The claims of an access token. */
const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());

/** A user body; the username follows from the ID unless it is given. */
const user = (ID, more = {}) => ({
  ID,
  Username: `${ID}@acme.example`,
  FirstName: 'Ada',
  LastName: 'Byron',
  Email: `${ID}@acme.example`,
  Active: true,
  ...more,
});

const idsOf = (page) => page.Items.map((item) => item.ID);

/** The error that a call ends with. */
const refusal = (calling) =>
  calling.then(
    () => assert.fail('the call was not refused'),
    (error) => error,
  );

/** The ID of the seed's API client for shoppers, found as a user would. */
async function storefrontID() {
  const page = await ApiClients.List({ filters: { AppName: 'Storefront' } });
  assert.equal(page.Meta.TotalCount, 1);
  return page.Items[0].ID;
}

/** Lets the operator act for one user of acme on the storefront. */
async function configFor(userID, more = {}) {
  return {
    ID: `operator-as-${userID}`,
    ImpersonationUserID: 'operator',
    BuyerID: 'acme',
    UserID: userID,
    SecurityProfileID: 'cs-rep',
    ClientID: await storefrontID(),
    ...more,
  };
}

/** The sandbox's own route, which no SDK knows. */
async function sandbox(method, path, body) {
  const answer = await fetch(`${url}/_sandbox/${path}`, { method, body });
  assert.ok(answer.ok, `${method} /_sandbox/${path}: ${answer.status}`);
  return answer.text();
}

let seeded;

before(async () => {
  Configuration.Set({ baseApiUrl: url, timeoutInMilliseconds: 10_000 });
  seeded = await sandbox('GET', 'snapshot');
});

beforeEach(async () => {
  await sandbox('POST', 'restore', seeded);
  Tokens.RemoveImpersonationToken();
  const issued = await Auth.ClientCredentials(clientSecret, clientID, operatorRoles);
  Tokens.SetAccessToken(issued.access_token);
});

// Whoever points this at a sandbox of their own gets it back as it was.
after(() => sandbox('POST', 'restore', seeded));

describe('signing in', () => {
  test('a client gets an access token with the roles that it asks for', async () => {
    const issued = await Auth.ClientCredentials(clientSecret, clientID, operatorRoles);
    assert.equal(issued.token_type, 'bearer');
    assert.ok(issued.expires_in > 0);
    const claims = claimsOf(issued.access_token);
    assert.deepEqual(claims.role.toSorted(), operatorRoles);
    assert.equal(claims.usr, 'operator@shop.example');
    assert.equal(claims.usrtype, 'admin');
    assert.equal(claims.cid.toLowerCase(), clientID.toLowerCase());
  });

  test('a wrong secret is refused', async () => {
    const error = await refusal(Auth.ClientCredentials('not-the-secret', clientID, operatorRoles));
    assert.equal(error.isOrderCloudError, true);
    assert.equal(error.status, 401);
    assert.equal(error.response.data.error, 'invalid_client');
  });

  test('a shopper signs in with a password, and is who they say', async () => {
    const issued = await Auth.Login('walk-in@acme.example', walkInPassword, await storefrontID(), ['Shopper', 'MeAdmin']);
    const me = await Me.Get({ accessToken: issued.access_token });
    assert.equal(me.ID, 'walk-in');
    assert.equal(me.Buyer.ID, 'acme');
    assert.equal(claimsOf(issued.access_token).usrtype, 'buyer');
  });

  test('a wrong password is refused', async () => {
    const error = await refusal(Auth.Login('walk-in@acme.example', 'Not-the-passw0rd', await storefrontID(), ['Shopper']));
    assert.equal(error.isOrderCloudError, true);
    assert.equal(error.response.data.error, 'invalid_grant');
  });

  test('a call without a token is refused', async () => {
    Tokens.RemoveAccessToken();
    await assert.rejects(Users.List('acme'), { name: 'OrderCloudError', status: 401 });
  });

  test('a token without the role is refused, and the answer names the roles', async () => {
    const issued = await Auth.ClientCredentials(clientSecret, clientID, ['BuyerReader']);
    const error = await refusal(Users.List('acme', {}, { accessToken: issued.access_token }));
    assert.equal(error.status, 403);
    assert.equal(error.errorCode, 'Auth.InsufficientRoles');
    assert.ok(error.errors[0].Data.SufficientRoles.includes('BuyerUserReader'));
    assert.deepEqual(error.errors[0].Data.AssignedRoles, ['BuyerReader']);
  });
});

describe('users', () => {
  test('a user is created, and read back without the password', async () => {
    const created = await Users.Create('acme', user('ada', { Password: 'Analytical-3ngine', xp: { Desk: 7 } }));
    const read = await Users.Get('acme', 'ada');
    assert.deepEqual(read, created);
    assert.equal(read.Username, 'ada@acme.example');
    assert.equal(read.CompanyID, 'acme');
    assert.deepEqual(read.xp, { Desk: 7 });
    assert.ok(!Number.isNaN(Date.parse(read.DateCreated)));
    assert.ok(!('Password' in read));
  });

  test('a user without an ID gets one', async () => {
    const created = await Users.Create('acme', user(undefined, { Username: 'nameless@acme.example' }));
    assert.match(created.ID, /^[\w-]+$/);
    assert.equal((await Users.Get('acme', created.ID)).Username, 'nameless@acme.example');
  });

  test('a patch changes what it names, and merges xp', async () => {
    await Users.Create('acme', user('ada', { Phone: '555', xp: { Desk: 7, Floor: 1 } }));
    const patched = await Users.Patch('acme', 'ada', { FirstName: 'Augusta', xp: { Desk: 8 } });
    assert.equal(patched.FirstName, 'Augusta');
    assert.equal(patched.LastName, 'Byron');
    assert.equal(patched.Phone, '555');
    assert.deepEqual(patched.xp, { Desk: 8, Floor: 1 });
    assert.deepEqual(await Users.Get('acme', 'ada'), patched);
  });

  test('a save replaces the whole user', async () => {
    await Users.Create('acme', user('ada', { Phone: '555', xp: { Desk: 7 } }));
    const saved = await Users.Save('acme', 'ada', user('ada', { LastName: 'Lovelace' }));
    assert.equal(saved.LastName, 'Lovelace');
    assert.equal(saved.Phone, null);
    assert.equal(saved.xp, null);
  });

  test('a save creates a user that is not there', async () => {
    await Users.Save('acme', 'ada', user('ada'));
    assert.equal((await Users.Get('acme', 'ada')).Username, 'ada@acme.example');
  });

  test('a deleted user is not found any more', async () => {
    await Users.Create('acme', user('ada'));
    await Users.Delete('acme', 'ada');
    const error = await refusal(Users.Get('acme', 'ada'));
    assert.equal(error.name, 'OrderCloudError');
    assert.equal(error.status, 404);
    assert.equal(error.errorCode, 'NotFound');
    assert.equal(error.message, 'User ada not found'); // the SDK makes it of Data
    assert.deepEqual(error.errors[0].Data, { ObjectType: 'User', ObjectID: 'ada' });
  });

  test('a taken ID is refused', async () => {
    await Users.Create('acme', user('ada'));
    const error = await refusal(Users.Create('acme', user('ada', { Username: 'other@acme.example' })));
    assert.equal(error.status, 409);
    assert.equal(error.errorCode, 'IdExists');
    assert.equal(error.errors.length, 1);
    assert.deepEqual(error.errors[0].Data, { ObjectType: 'User', ObjectID: 'ada' });
  });

  test('a taken username is refused, in another buyer too', async () => {
    await Users.Create('acme', user('ada'));
    await assert.rejects(Users.Create('globex', user('other', { Username: 'ada@acme.example' })), {
      name: 'OrderCloudError',
      errorCode: 'User.UsernameMustBeUnique',
    });
  });

  test('an incomplete user is refused with one error for each gap', async () => {
    const error = await refusal(Users.Create('acme', { ID: 'ada', FirstName: 'Ada', LastName: 'Byron' }));
    assert.equal(error.status, 400);
    assert.equal(error.errors.length, 3); // Username, Email, Active
  });

  test('a user whose tokens are revoked is signed out', async () => {
    const { access_token: accessToken } = await Auth.Login('walk-in@acme.example', walkInPassword, await storefrontID(), ['Shopper']);
    await Me.Get({ accessToken });
    await Users.RevokeUserTokens('acme', 'walk-in');
    await assert.rejects(Me.Get({ accessToken }), { name: 'OrderCloudError', status: 401 });
  });
});

describe('lists of users', () => {
  // Beside walk-in, which is in the seed.
  beforeEach(async () => {
    await Users.Create('acme', user('ada', { xp: { Desk: { Floor: 1 } } }));
    await Users.Create('acme', user('bea', { FirstName: 'Bea', xp: { Desk: { Floor: 2 } } }));
    await Users.Create('acme', user('cem', { FirstName: 'Cem', LastName: 'Öz & Co', Active: false }));
    await Users.Create('globex', user('dov', { Username: 'dov@globex.example' }));
  });

  test('come in pages', async () => {
    const first = await Users.List('acme', { page: 1, pageSize: 3 });
    assert.deepEqual(idsOf(first), ['ada', 'bea', 'cem']);
    assert.deepEqual(
      [first.Meta.Page, first.Meta.PageSize, first.Meta.TotalCount, first.Meta.TotalPages],
      [1, 3, 4, 2],
    );
    assert.deepEqual(first.Meta.ItemRange, [1, 3]);
    const second = await Users.List('acme', { page: 2, pageSize: 3 });
    assert.deepEqual(idsOf(second), ['walk-in']);
    assert.deepEqual(second.Meta.ItemRange, [4, 4]);
  });

  // What the SDK makes of filters: nested objects become dotted names, lists
  // become repeated parameters, false is sent and not left out.
  const filtered = [
    ['by value', { FirstName: 'Bea' }, ['bea']],
    ['by a value that has to be escaped', { LastName: 'Öz & Co' }, ['cem']],
    ['by false', { Active: false }, ['cem']],
    ['by wildcard', { Username: '*a@acme*' }, ['ada', 'bea']],
    ['by alternatives', { ID: 'ada|cem' }, ['ada', 'cem']],
    ['by negation', { LastName: '!Byron' }, ['cem', 'walk-in']],
    ['by range', { ID: ['>ada', '<cem'] }, ['bea']],
    ['by several properties', { LastName: 'Byron', FirstName: 'Ada' }, ['ada']],
    ['by xp', { xp: { Desk: { Floor: 2 } } }, ['bea']],
  ];
  for (const [how, filters, wanted] of filtered) {
    test(`can be filtered ${how}`, async () => {
      assert.deepEqual(idsOf(await Users.List('acme', { filters })), wanted);
    });
  }

  test('can be searched', async () => {
    assert.deepEqual(idsOf(await Users.List('acme', { search: 'BEA' })), ['bea']);
    assert.deepEqual(idsOf(await Users.List('acme', { search: 'ada', searchOn: ['LastName', 'FirstName'] })), ['ada']);
    assert.deepEqual(idsOf(await Users.List('acme', { search: 'ada', searchOn: ['LastName'] })), []);
  });

  test('can be sorted, by several properties and backwards', async () => {
    assert.deepEqual(idsOf(await Users.List('acme', { sortBy: ['!ID'] })), ['walk-in', 'cem', 'bea', 'ada']);
    assert.deepEqual(
      idsOf(await Users.List('acme', { sortBy: ['LastName', '!FirstName'], filters: { LastName: 'Byron|In' } })),
      ['bea', 'ada', 'walk-in'],
    );
  });

  test('can span buyers', async () => {
    assert.deepEqual(idsOf(await Users.ListAcrossBuyers({ filters: { ID: 'ada|dov' } })), ['ada', 'dov']);
  });
});

describe('impersonation configs', () => {
  test('are created, listed and read', async () => {
    const wanted = await configFor('walk-in');
    const created = await ImpersonationConfigs.Create(wanted);
    // OrderCloud answers ClientID in another letter case than it was sent.
    assert.deepEqual({ ...created, ClientID: created.ClientID.toUpperCase() }, {
      ImpersonationBuyerID: null,
      ImpersonationGroupID: null,
      GroupID: null,
      ...wanted,
      ClientID: wanted.ClientID.toUpperCase(),
    });
    assert.deepEqual(await ImpersonationConfigs.Get(wanted.ID), created);
    const page = await ImpersonationConfigs.List({ filters: { BuyerID: 'acme', UserID: 'walk-in' }, sortBy: ['ID'] });
    assert.deepEqual(page.Items, [created]);
  });

  test('are patched and saved', async () => {
    const wanted = await configFor('walk-in');
    await ImpersonationConfigs.Create(wanted);
    const patched = await ImpersonationConfigs.Patch(wanted.ID, { SecurityProfileID: 'shopper' });
    assert.equal(patched.SecurityProfileID, 'shopper');
    assert.equal(patched.UserID, 'walk-in');
    const saved = await ImpersonationConfigs.Save(wanted.ID, { ...wanted, UserID: undefined });
    assert.equal(saved.SecurityProfileID, 'cs-rep');
    assert.equal(saved.UserID, null); // the whole buyer now
    assert.deepEqual(await ImpersonationConfigs.Get(wanted.ID), saved);
  });

  test('are deleted', async () => {
    const { ID } = await ImpersonationConfigs.Create(await configFor('walk-in'));
    await ImpersonationConfigs.Delete(ID);
    const error = await refusal(ImpersonationConfigs.Get(ID));
    assert.equal(error.status, 404);
    assert.deepEqual(error.errors[0].Data, { ObjectType: 'ImpersonationConfig', ObjectID: ID });
  });

  test('that grant the same are refused', async () => {
    await ImpersonationConfigs.Create(await configFor('walk-in'));
    await assert.rejects(ImpersonationConfigs.Create(await configFor('walk-in', { ID: 'again' })), {
      status: 409,
      errorCode: 'ImpersonationConfig.ConflictingImpersonationConfigExists',
    });
  });
});

describe('acting for a user', () => {
  const asked = async () => ({ ClientID: await storefrontID(), Roles: ['Shopper', 'OrderReader'] });

  test('works where a config allows it, with the roles of its profile', async () => {
    await Users.Create('acme', user('ada'));
    await ImpersonationConfigs.Create(await configFor('ada'));
    const issued = await Users.GetAccessToken('acme', 'ada', await asked());
    assert.deepEqual(claimsOf(issued.access_token).role.toSorted(), ['OrderReader', 'Shopper']);

    Tokens.SetImpersonationToken(issued.access_token);
    const me = await Me.As().Get();
    assert.equal(me.ID, 'ada');
    assert.equal(me.Username, 'ada@acme.example');
    assert.equal(me.Buyer.ID, 'acme');
    assert.equal((await Me.Get()).ID, 'operator'); // who the SDK is without As
  });

  test('is refused without a config', async () => {
    await Users.Create('acme', user('ada'));
    await assert.rejects(Users.GetAccessToken('acme', 'ada', await asked()), {
      name: 'OrderCloudError',
      errorCode: 'Impersonation.ConfigError',
    });
  });

  test('is refused once the config is gone', async () => {
    const { ID } = await ImpersonationConfigs.Create(await configFor('walk-in'));
    await Users.GetAccessToken('acme', 'walk-in', await asked());
    await ImpersonationConfigs.Delete(ID);
    await assert.rejects(Users.GetAccessToken('acme', 'walk-in', await asked()), {
      errorCode: 'Impersonation.ConfigError',
    });
  });
});

describe('what users and configs refer to', () => {
  test('security profiles', async () => {
    assert.deepEqual((await SecurityProfiles.Get('cs-rep')).Roles, ['Shopper', 'MeAdmin', 'OrderReader']);
    assert.deepEqual(idsOf(await SecurityProfiles.List({ search: 'service desk' })), ['cs-rep', 'service-desk']);
  });

  test('API clients, by AppName', async () => {
    const ID = await storefrontID();
    const client = await ApiClients.Get(ID);
    assert.equal(client.AppName, 'Storefront');
    assert.equal(client.Active, true);
    assert.equal(client.AllowAnyBuyer, true);
    // IDs of API clients are the same in either letter case.
    assert.deepEqual(await ApiClients.Get(ID.toLowerCase()), client);
  });

  test('buyers', async () => {
    assert.equal((await Buyers.Get('acme')).Name, 'ACME Corporation');
    assert.deepEqual(idsOf(await Buyers.List({ filters: { Active: true } })), ['acme', 'globex']);
    await assert.rejects(Buyers.Get('nobody'), { status: 404, message: 'Buyer nobody not found' });
  });

  test('groups of a buyer', async () => {
    assert.equal((await UserGroups.Get('acme', 'purchasers')).Name, 'Purchasers');
    assert.deepEqual(idsOf(await UserGroups.List('acme')), ['purchasers']);
    assert.deepEqual(idsOf(await UserGroups.List('globex')), []);
  });

  test('admin users', async () => {
    assert.equal((await AdminUsers.Get('jane')).Username, 'jane@shop.example');
    assert.deepEqual(idsOf(await AdminUsers.List({ filters: { FirstName: 'Jane' } })), ['jane']);
  });

  test('groups of admin users', async () => {
    assert.equal((await AdminUserGroups.Get('customer-service')).Name, 'Customer service');
    assert.deepEqual(idsOf(await AdminUserGroups.List({ sortBy: ['Name'] })), ['customer-service']);
  });
});

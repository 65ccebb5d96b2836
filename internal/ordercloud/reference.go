// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"encoding/json"
	"time"
)

// Buyer is a buyer organisation.
type Buyer struct {
	// ID has 1 to 100 characters of A-Z a-z 0-9 _ - [D].
	ID string
	// Name has at most 100 characters [D].
	Name string
	// DefaultCatalogID names the buyer's catalog; nil lets a POST create one [D].
	DefaultCatalogID *string
	// Active false forbids all its users to authenticate [D].
	Active bool
	// XP is a JSON object or nil [D].
	XP json.RawMessage
	// DateCreated is when the buyer was created; read-only [D].
	DateCreated *time.Time
}

type buyerBody struct {
	ID               string          `json:"ID"`
	Name             string          `json:"Name"`
	DefaultCatalogID *string         `json:"DefaultCatalogID"`
	Active           bool            `json:"Active"`
	XP               json.RawMessage `json:"xp"`
}

// UnmarshalJSON reads a buyer as the server answers it.
func (buyer *Buyer) UnmarshalJSON(data []byte) error {
	var answer struct {
		buyerBody
		DateCreated *wireTime `json:"DateCreated"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return err
	}
	*buyer = Buyer{
		ID:               answer.ID,
		Name:             answer.Name,
		DefaultCatalogID: nilIfEmpty(answer.DefaultCatalogID),
		Active:           answer.Active,
		XP:               nilIfNull(answer.XP),
		DateCreated:      answer.DateCreated.pointer(),
	}
	return nil
}

// SecurityProfile is a named set of roles.
type SecurityProfile struct {
	// ID has 1 to 100 characters of A-Z a-z 0-9 _ - [D].
	ID string `json:"ID"`
	// Name has at most 100 characters [D].
	Name string `json:"Name"`
	// Roles are OrderCloud's own roles [D].
	Roles []string `json:"Roles"`
	// CustomRoles are the marketplace's own roles [D].
	CustomRoles []string `json:"CustomRoles"`
	// PasswordConfig is the password policy, kept as it came [D].
	PasswordConfig json.RawMessage `json:"PasswordConfig"`
}

// APIClient is an application that may ask for tokens. This client reads the
// fields below and no others, its secret least of all; Create and Save refuse
// to send it, because a PUT of a part would clear the rest.
type APIClient struct {
	// ID is the server-generated GUID, in upper case here and in lower case in
	// tokens and impersonation configs: compare with strings.EqualFold [I].
	ID string `json:"ID"`
	// AppName is the application's name, the same in every environment [D].
	AppName string `json:"AppName"`
	// Active false forbids all authentication through it [D].
	Active bool `json:"Active"`
	// AccessTokenDuration is the lifetime of its tokens in minutes, 10 to 600 [D].
	AccessTokenDuration int `json:"AccessTokenDuration"`
	// DefaultContextUserName is the user of its client-credentials tokens [D].
	DefaultContextUserName *string `json:"DefaultContextUserName"`
	// AllowAnyBuyer lets all buyer users authenticate through it [D].
	AllowAnyBuyer bool `json:"AllowAnyBuyer"`
	// AllowSeller lets all admin users authenticate through it [D].
	AllowSeller bool `json:"AllowSeller"`
}

// UserGroup is a group of users, inside a buyer or of the seller.
type UserGroup struct {
	// ID has 1 to 100 characters of A-Z a-z 0-9 _ - [D].
	ID string `json:"ID"`
	// Name has at most 100 characters [D].
	Name string `json:"Name"`
	// Description has at most 2000 characters [D].
	Description *string `json:"Description"`
	// XP is a JSON object or nil [D].
	XP json.RawMessage `json:"xp"`
}

// Me is the user whom the client's token stands for, without personal data.
type Me struct {
	// ID is the user's ID [D].
	ID string
	// Username is the user's name, the same as the token's usr claim [D].
	Username string
	// Active false means that the user may not authenticate again [D].
	Active bool
	// AvailableRoles are all roles that the user holds, also those that the
	// token was not asked for [D].
	AvailableRoles []string
	// BuyerID is set when the user belongs to a buyer [D].
	BuyerID string
	// SupplierID is set when the user belongs to a supplier [D].
	SupplierID string
	// SellerID is set when the user is an admin user [D].
	SellerID string
}

// UnmarshalJSON reads the answer of GET /v1/me.
func (me *Me) UnmarshalJSON(data []byte) error {
	type company struct {
		ID string `json:"ID"`
	}
	var answer struct {
		ID             string   `json:"ID"`
		Username       string   `json:"Username"`
		Active         bool     `json:"Active"`
		AvailableRoles []string `json:"AvailableRoles"`
		Buyer          company  `json:"Buyer"`
		Supplier       company  `json:"Supplier"`
		Seller         company  `json:"Seller"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return err
	}
	*me = Me{
		ID:             answer.ID,
		Username:       answer.Username,
		Active:         answer.Active,
		AvailableRoles: answer.AvailableRoles,
		BuyerID:        answer.Buyer.ID,
		SupplierID:     answer.Supplier.ID,
		SellerID:       answer.Seller.ID,
	}
	return nil
}

var buyerKind = &kind[Buyer]{
	idName: "buyerID",
	id:     func(buyer Buyer) string { return buyer.ID },
	body: func(buyer Buyer, id string) any {
		return buyerBody{
			ID: id, Name: buyer.Name, DefaultCatalogID: buyer.DefaultCatalogID, Active: buyer.Active, XP: buyer.XP,
		}
	},
}

var securityProfileKind = &kind[SecurityProfile]{
	idName: "securityProfileID",
	id:     func(profile SecurityProfile) string { return profile.ID },
	body: func(profile SecurityProfile, id string) any {
		profile.ID = id
		return profile
	},
}

var apiClientKind = &kind[APIClient]{
	idName: "apiClientID",
	id:     func(client APIClient) string { return client.ID },
}

var userGroupKind = &kind[UserGroup]{
	idName: "userGroupID",
	id:     func(group UserGroup) string { return group.ID },
	body: func(group UserGroup, id string) any {
		group.ID = id
		return group
	},
}

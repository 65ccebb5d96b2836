// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import "encoding/json"

// ImpersonationConfig says who may act as whom, through which API client and
// with which roles. All its fields are writable; nil is sent as null, and an
// empty string in an answer is read as nil [D].
type ImpersonationConfig struct {
	// ID has 1 to 100 characters of A-Z a-z 0-9 _ - [D].
	ID string `json:"ID"`
	// ImpersonationBuyerID is the impersonator's buyer; nil means that group and
	// user of the impersonator are admin ones [I].
	ImpersonationBuyerID *string `json:"ImpersonationBuyerID"`
	// ImpersonationGroupID is the user group of the impersonators [D].
	ImpersonationGroupID *string `json:"ImpersonationGroupID"`
	// ImpersonationUserID is the one user who impersonates [D].
	ImpersonationUserID *string `json:"ImpersonationUserID"`
	// BuyerID is the buyer of the impersonated; nil means any buyer that can
	// reach the API client [D].
	BuyerID *string `json:"BuyerID"`
	// GroupID is the impersonated user group inside BuyerID [D].
	GroupID *string `json:"GroupID"`
	// UserID is the impersonated user inside BuyerID [D].
	UserID *string `json:"UserID"`
	// SecurityProfileID names the profile whose roles are given; required [D].
	SecurityProfileID string `json:"SecurityProfileID"`
	// ClientID is the API client's GUID; required. Its letter case differs
	// between endpoints: compare with strings.EqualFold [I].
	ClientID string `json:"ClientID"`
}

// UnmarshalJSON reads a config as the server answers it.
func (config *ImpersonationConfig) UnmarshalJSON(data []byte) error {
	// The local type drops the method, or decoding would call itself.
	type answer ImpersonationConfig
	var decoded answer
	if err := json.Unmarshal(data, &decoded); err != nil {
		return err
	}
	*config = ImpersonationConfig(decoded)
	for _, field := range []**string{
		&config.ImpersonationBuyerID, &config.ImpersonationGroupID, &config.ImpersonationUserID,
		&config.BuyerID, &config.GroupID, &config.UserID,
	} {
		*field = nilIfEmpty(*field)
	}
	return nil
}

var impersonationConfigKind = &kind[ImpersonationConfig]{
	idName: "impersonationConfigID",
	id:     func(config ImpersonationConfig) string { return config.ID },
	body: func(config ImpersonationConfig, id string) any {
		config.ID = id
		return config
	},
}

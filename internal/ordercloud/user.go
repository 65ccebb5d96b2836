// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"encoding/json"
	"time"
)

// BuyerUser is a user inside a buyer organisation. A request body carries the
// writable fields only; what the server alone decides is read from answers and
// never sent.
type BuyerUser struct {
	// ID is unique inside its buyer only, 1 to 100 characters of A-Z a-z 0-9 _ - [D].
	ID string
	// Username is unique in the whole marketplace, 1 to 100 characters [D].
	Username string
	// Password is write-only: answers never carry it, and an empty one is left
	// out of the body, which is believed to keep the password as it is [N].
	Password Secret
	// FirstName has 1 to 100 characters [D].
	FirstName string
	// LastName has 1 to 100 characters [D].
	LastName string
	// Email has 1 to 200 characters [D].
	Email string
	// Phone has at most 100 characters; nil is sent as null, and an empty one
	// in an answer is read as nil [D].
	Phone *string
	// TermsAccepted is when the user accepted the terms; nil is sent as null [D].
	TermsAccepted *time.Time
	// Active false forbids the user to authenticate [D].
	Active bool
	// XP is a JSON object of at most 8000 characters, or nil, which is sent as
	// null; a null in an answer is read as nil [D].
	XP json.RawMessage

	// CompanyID is the buyer's ID; read-only [D].
	CompanyID string
	// AvailableRoles are the roles that all security profile assignments give; read-only [D].
	AvailableRoles []string
	// DateCreated is when the user was created; read-only [D].
	DateCreated *time.Time
	// LastActive is when the user last did something; read-only [D].
	LastActive *time.Time
	// PasswordLastSetDate is when the password was last set, by anyone; read-only [D].
	PasswordLastSetDate *time.Time
	// FailedLoginAttempts counts refused log-ins since the last good one; read-only [D].
	FailedLoginAttempts int
}

// AdminUser is a user of the seller. Its fields are those of a buyer user [D].
type AdminUser BuyerUser

// userBody is what a POST or PUT of a user sends: every writable field, so
// that a PUT says explicitly what is cleared.
type userBody struct {
	ID            string          `json:"ID"`
	Username      string          `json:"Username"`
	Password      string          `json:"Password,omitempty"`
	FirstName     string          `json:"FirstName"`
	LastName      string          `json:"LastName"`
	Email         string          `json:"Email"`
	Phone         *string         `json:"Phone"`
	TermsAccepted *time.Time      `json:"TermsAccepted"`
	Active        bool            `json:"Active"`
	XP            json.RawMessage `json:"xp"`
}

// userAnswer is what the server answers.
type userAnswer struct {
	ID                  string          `json:"ID"`
	Username            string          `json:"Username"`
	FirstName           string          `json:"FirstName"`
	LastName            string          `json:"LastName"`
	Email               string          `json:"Email"`
	Phone               *string         `json:"Phone"`
	TermsAccepted       *wireTime       `json:"TermsAccepted"`
	Active              bool            `json:"Active"`
	XP                  json.RawMessage `json:"xp"`
	CompanyID           string          `json:"CompanyID"`
	AvailableRoles      []string        `json:"AvailableRoles"`
	DateCreated         *wireTime       `json:"DateCreated"`
	LastActive          *wireTime       `json:"LastActive"`
	PasswordLastSetDate *wireTime       `json:"PasswordLastSetDate"`
	FailedLoginAttempts int             `json:"FailedLoginAttempts"`
}

func (user BuyerUser) body() userBody {
	return userBody{
		ID:            user.ID,
		Username:      user.Username,
		Password:      user.Password.Reveal(),
		FirstName:     user.FirstName,
		LastName:      user.LastName,
		Email:         user.Email,
		Phone:         user.Phone,
		TermsAccepted: user.TermsAccepted,
		Active:        user.Active,
		XP:            user.XP,
	}
}

// UnmarshalJSON reads a user as the server answers it. Password is never read.
func (user *BuyerUser) UnmarshalJSON(data []byte) error {
	var answer userAnswer
	if err := json.Unmarshal(data, &answer); err != nil {
		return err
	}
	*user = BuyerUser{
		ID:                  answer.ID,
		Username:            answer.Username,
		FirstName:           answer.FirstName,
		LastName:            answer.LastName,
		Email:               answer.Email,
		Phone:               nilIfEmpty(answer.Phone),
		TermsAccepted:       answer.TermsAccepted.pointer(),
		Active:              answer.Active,
		XP:                  nilIfNull(answer.XP),
		CompanyID:           answer.CompanyID,
		AvailableRoles:      answer.AvailableRoles,
		DateCreated:         answer.DateCreated.pointer(),
		LastActive:          answer.LastActive.pointer(),
		PasswordLastSetDate: answer.PasswordLastSetDate.pointer(),
		FailedLoginAttempts: answer.FailedLoginAttempts,
	}
	return nil
}

// UnmarshalJSON reads an admin user as the server answers it. Password is never read.
func (user *AdminUser) UnmarshalJSON(data []byte) error {
	return (*BuyerUser)(user).UnmarshalJSON(data)
}

var buyerUserKind = &kind[BuyerUser]{
	idName: "userID",
	id:     func(user BuyerUser) string { return user.ID },
	body: func(user BuyerUser, id string) any {
		user.ID = id
		return user.body()
	},
}

var adminUserKind = &kind[AdminUser]{
	idName: "userID",
	id:     func(user AdminUser) string { return user.ID },
	body: func(user AdminUser, id string) any {
		user.ID = id
		return BuyerUser(user).body()
	},
}
